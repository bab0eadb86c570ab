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

async function main() {
  Provider.setup("a-key-of-the-tool", { plugin: new Memory() }, {
    appRoute: "/launch", loginRoute: "/login", keysetRoute: "/keys", cookies: { secure: true, sameSite: "None" },
  });
  Provider.onConnect((token, request, response) => response.send("<title>Tool</title><p>You are in.</p>"));
  await Provider.deploy({ port: Number(process.env.PORT), silent: true });
  for (const one of JSON.parse(process.argv[2])) {
    await Provider.registerPlatform({
      url: one.issuer, name: one.issuer, clientId: one.client_id, authenticationEndpoint: one.auth_url,
      accesstokenEndpoint: one.token_url, authConfig: { method: "JWK_SET", key: one.keys_url },
    });
  }
  console.log("ready");
}

main();
