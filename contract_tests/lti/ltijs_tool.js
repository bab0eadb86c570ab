// ltijs, unmodified, with its tables in memory. Arguments: the platforms, as JSON.
const { Provider } = require("ltijs");

class Memory {
  constructor() { this.tables = {}; }
  async setup() { return true; }
  async Close() { return true; }
  rows(collection, query) {
    const all = this.tables[collection] = this.tables[collection] || [];
    return query ? all.filter(row => Object.entries(query).every(([key, value]) => row.index[key] === value)) : all;
  }
  async Get(key, collection, query) {
    const found = this.rows(collection, query).map(row => ({ ...row.item }));
    return found.length ? found : false;
  }
  async Insert(key, collection, item, index) {
    this.rows(collection).push({ index: { ...item, ...index }, item: { ...item, createdAt: Date.now() } });
    return true;
  }
  async Replace(key, collection, query, item, index) {
    await this.Delete(collection, query);
    return this.Insert(key, collection, item, index);
  }
  async Modify(key, collection, query, change) {
    for (const row of this.rows(collection, query)) { Object.assign(row.item, change); Object.assign(row.index, change); }
    return true;
  }
  async Delete(collection, query) {
    const gone = new Set(this.rows(collection, query));
    this.tables[collection] = this.rows(collection).filter(row => !gone.has(row));
    return true;
  }
}

async function changed(token, item) {
  const { label } = await Provider.Grade.updateLineItemById(token, item.id, { ...item, label: "Renamed" });
  await Provider.Grade.deleteLineItemById(token, item.id);
  const { lineItems } = await Provider.Grade.getLineItems(token, { id: item.id });
  return { label, left: lineItems.length };
}

// What a tool does for people: reads the roster, makes a column, sends a score, reads it back; renames its own column,
// and deletes it.
async function worked(token) {
  const message = token.platformContext.messageType;
  const { members } = await Provider.NamesAndRoles.getMembers(token);
  const { scope, lineitem } = token.platformContext.endpoint;
  const own = scope.includes("https://purl.imsglobal.org/spec/lti-ags/scope/lineitem");
  const item = own
    ? await Provider.Grade.createLineItem(token, { label: "Work", scoreMaximum: 10, resourceId: "work", tag: "work" })
    : await Provider.Grade.getLineItemById(token, lineitem);
  const score = { scoreGiven: 7, scoreMaximum: 10, activityProgress: "Completed", gradingProgress: "FullyGraded" };
  await Provider.Grade.submitScore(token, item.id, score);
  const { scores } = await Provider.Grade.getScores(token, item.id, { userId: token.user });
  const { lineItems } = await Provider.Grade.getLineItems(token, { id: item.id });
  const further = own ? await changed(token, item) : {};
  return {
    message, user: token.user, name: token.userInfo.name, results: scores.map(one => one.resultScore),
    members: Object.fromEntries(members.map(one => [one.user_id, [one.name, one.roles]])), columns: lineItems.length, ...further,
  };
}

async function main() {
  Provider.setup("a-key-of-the-tool", { plugin: new Memory() }, {
    appRoute: "/launch", loginRoute: "/login", keysetRoute: "/keys", cookies: { secure: true, sameSite: "None" },
    dynRegRoute: "/register",
    dynReg: { url: `http://127.0.0.1:${process.env.PORT}`, name: "ltijs", autoActivate: true },
  });
  Provider.onConnect(async (token, request, response) => {
    if (!process.env.WORKS) return response.send("<title>Tool</title><p>You are in.</p>");
    try { response.send(await worked(token)); } catch (error) { response.send({ error: `${error} ${error.response?.body}` }); }
  });
  Provider.onDeepLinking(async (token, request, response) => {
    const chosen = { type: "ltiResourceLink", title: "Chosen", url: token.platformContext.targetLinkUri };
    response.send(await Provider.DeepLinking.createDeepLinkingForm(token, [chosen], {}));
  });
  await Provider.deploy({ port: Number(process.env.PORT), silent: true });
  for (const one of JSON.parse(process.argv[2])) {
    await Provider.registerPlatform({
      url: one.issuer, name: one.issuer, clientId: one.client_id, authenticationEndpoint: one.auth_url,
      accesstokenEndpoint: one.token_url, authorizationServer: one.audience, authConfig: { method: "JWK_SET", key: one.keys_url },
    });
  }
  console.log("ready");
}

main();
