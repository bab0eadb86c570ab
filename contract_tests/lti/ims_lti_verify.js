// Reads {key, secret, url, params} per line from stdin; answers per line whether ims-lti accepts the launch.
const lti = require("ims-lti");
const { URL } = require("url");
const lines = require("readline").createInterface({ input: process.stdin });
const providers = {};
lines.on("line", (line) => {
  const { key, secret, url, params } = JSON.parse(line);
  const provider = (providers[key + secret] ||= new lti.Provider(key, secret));
  const parts = new URL(url);
  const request = {
    url: parts.pathname + parts.search,
    method: "POST",
    connection: { encrypted: parts.protocol === "https:" },
    headers: { host: parts.host },
    body: params,
  };
  provider.valid_request(request, params, (error, valid) => console.log(valid ? "valid" : `invalid ${error}`));
});
