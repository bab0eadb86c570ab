// Finds out which cookies this browser keeps in a frame of a tool's site: a small page of the emulator is put there.
function measureCookies(tool) {
  const here = location.hostname;
  const near = host => host === "localhost" || host.endsWith(".localhost") || /^127\./.test(host) || host === "[::1]";
  const toolHost = tool && new URL(tool, location.href).hostname;
  const host = toolHost && near(toolHost) ? toolHost : (/^127\./.test(here) ? "localhost" : "127.0.0.1");
  return new Promise(resolve => {
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.name = "lms_emulator_cookies";
    const end = found => { removeEventListener("message", heard); clearTimeout(late); frame.remove(); resolve(found); };
    const heard = event => {
      if (event.source === frame.contentWindow && event.data && event.data.lmsEmulatorCookies)
        end(event.data.lmsEmulatorCookies);
    };
    let late = setTimeout(end, 30000, "unknown");
    frame.addEventListener("load", () => { clearTimeout(late); late = setTimeout(end, 3000, "unknown"); });
    addEventListener("message", heard);
    frame.src = `${location.protocol}//${host}${location.port ? `:${location.port}` : ""}/_emulator/cookies?step=set`;
    document.body.append(frame);
  });
}
