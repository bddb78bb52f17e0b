import { describe, expect, it } from "vitest";
import { type AccessPolicy, type GuardedRequest, guardRequest } from "./request-guard";

const loopback: AccessPolicy = {
  allowedHosts: ["127.0.0.1:3000", "localhost:3000", "[::1]:3000"],
  token: null,
};
const OWN_HOST = "127.0.0.1:3000";

interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly hosts?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

const requestOf = ({ method = "GET", target = "/", hosts = [OWN_HOST], headers = {} }: Sent): GuardedRequest => ({
  method,
  target,
  hosts,
  header: name => headers[name] ?? null,
});

const statusOf = (sent: Sent, policy: AccessPolicy = loopback): number =>
  guardRequest(requestOf(sent), policy)?.status ?? 200;

const json = { "content-type": "application/json", "content-length": "2" };
const paths = ["/", "/dashboard", "/_next/static/chunks/a.js", "/api/health", "/api/events", "/v1/models", "/missing"];

describe("S1 the Host header", () => {
  const refused: readonly (readonly string[])[] = [
    [],
    [""],
    ["evil.com"],
    ["evil.com:3000"],
    ["127.0.0.1.nip.io:3000"],
    ["localhost.evil.com:3000"],
    ["127.0.0.1"],
    ["127.0.0.1:3001"],
    ["127.0.0.1:30000"],
    ["localhost.:3000"],
    ["localhost:3000."],
    ["127.1:3000"],
    ["2130706433:3000"],
    ["0.0.0.0:3000"],
    ["[::ffff:127.0.0.1]:3000"],
    ["user@127.0.0.1:3000"],
    ["127.0.0.1:3000, evil.com"],
    ["127.0.0.1:3000", "127.0.0.1:3000"],
    ["127.0.0.1:3000", "evil.com"],
  ];
  it.each(refused.map(hosts => ({ hosts })))("S1 $hosts is refused on every path", ({ hosts }) => {
    for (const target of paths) expect(statusOf({ target, hosts }), target).toBe(403);
  });

  it.each(["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000", "[::1]:3000"])("S1 %s passes on every path", host => {
    for (const target of paths) expect(statusOf({ target, hosts: [host] }), target).toBe(200);
  });
});

describe("S2 a foreign Origin", () => {
  const foreign = [
    "https://evil.com",
    "null",
    "http://localhost:3001",
    "http://127.0.0.1",
    "http://127.0.0.1:3000.evil.com",
    "http://127.0.0.1:3000/path",
    "file://",
    "",
  ];
  it.each(foreign)("S2 %j is refused for every method", origin => {
    for (const method of ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"])
      expect(statusOf({ method, target: "/api/settings", headers: { ...json, origin } }), method).toBe(403);
  });

  it("S2 our own origin passes", () => {
    expect(
      statusOf({ method: "POST", target: "/api/plan", headers: { ...json, origin: "http://localhost:3000" } }),
    ).toBe(200);
  });
});

describe("S2 an Origin that the user allowed", () => {
  const policy: AccessPolicy = {
    ...loopback,
    allowedOrigins: ["app://obsidian.md", "http://localhost:5173", "vscode-webview://*"],
  };
  const crossSite = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" };
  const post = (origin: string, target = "/v1/chat/completions", more: Sent = {}) =>
    statusOf({ method: "POST", target, headers: { ...json, ...crossSite, origin }, ...more }, policy);

  it.each(["app://obsidian.md", "http://localhost:5173", "vscode-webview://0a1b2c-d3"])(
    "S2 %s may use the API",
    origin => {
      for (const target of ["/v1/chat/completions", "/v1/models", "/tokenize", "/v1/messages"])
        expect(post(origin, target), target).toBe(200);
    },
  );

  it("S2 it may use nothing else", () => {
    for (const target of [
      "/api/settings",
      "/api/keys",
      "/api/engine/unload",
      "/",
      "/_next/static/a.js",
      "/v1x",
      "/api/v1/models",
    ])
      for (const method of ["GET", "POST", "DELETE"])
        expect(post("app://obsidian.md", target, { method }), `${method} ${target}`).toBe(403);
  });

  it.each([
    "null",
    "",
    "*",
    "app://obsidian.md.evil.com",
    "app://obsidian.mdx",
    "xapp://obsidian.md",
    "app://evil.com",
    "APP://OBSIDIAN.MD",
    "app://obsidian.md, http://evil.com",
    "http://localhost:5174",
    "http://localhost",
    "https://localhost:5173",
    "http://localhost:5173.evil.com",
    "http://localhost:5173/",
    "http://evil.com#http://localhost:5173",
    "vscode-webview://",
    "vscode-webview://a/b",
    "vscode-webview://user@evil.com:1",
    "vscode-webviewer://a",
  ])("S2 %j is still refused", origin => {
    expect(post(origin)).toBe(403);
  });

  it("S2 host, token and kind of body count as before", () => {
    expect(post("app://obsidian.md", "/v1/models", { hosts: ["evil.com"] })).toBe(403);
    expect(post("app://obsidian.md", "/v1/%2e%2e/api/settings")).toBe(400);
    const headers = { origin: "app://obsidian.md", "content-type": "text/plain", "content-length": "2" };
    expect(statusOf({ method: "POST", target: "/v1/completions", headers }, policy)).toBe(415);
    expect(
      statusOf(
        { target: "/v1/models", headers: { origin: "app://obsidian.md" } },
        { ...policy, token: "t".repeat(16) },
      ),
    ).toBe(401);
  });

  it("S2 nobody is allowed by default", () => {
    const request = requestOf({ target: "/v1/models", headers: { origin: "app://obsidian.md" } });
    expect(guardRequest(request, loopback)).toMatchObject({
      status: 403,
      message: expect.stringContaining('"app://obsidian.md"'),
    });
  });
});

describe("S3 Sec-Fetch-Site", () => {
  const navigate = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

  it.each(["cross-site", "same-site", "anything-new"])("S3 %s is refused on API, events and assets", site => {
    for (const target of ["/api/settings", "/api/events", "/v1/models", "/API/settings", "/_next/static/a.js"])
      expect(statusOf({ target, headers: { "sec-fetch-site": site } }), target).toBe(403);
    expect(statusOf({ target: "/api/events", headers: { "sec-fetch-site": site, ...navigate } })).toBe(403);
  });

  it("S3 a link on another site may open a page, but not in a frame and not by a form", () => {
    const fromElsewhere = { "sec-fetch-site": "cross-site", ...navigate };
    expect(statusOf({ target: "/dashboard", headers: fromElsewhere })).toBe(200);
    expect(statusOf({ target: "/dashboard", headers: { ...fromElsewhere, "sec-fetch-dest": "iframe" } })).toBe(403);
    expect(statusOf({ method: "POST", target: "/", headers: fromElsewhere })).toBe(403);
  });

  it("S3 our pages, the address bar, curl and the openai client pass", () => {
    for (const headers of [{ "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" }, {}])
      expect(statusOf({ method: "POST", target: "/api/plan", headers: { ...json, ...headers } })).toBe(200);
  });
});

describe("S4 bodies", () => {
  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonx",
    "text/json",
    "",
  ])("S4 a body of type %j is refused with 415", type => {
    const sent = { method: "POST", target: "/api/plan" };
    expect(statusOf({ ...sent, headers: { "content-type": type, "content-length": "5" } })).toBe(415);
    expect(statusOf({ ...sent, headers: { "content-type": type, "transfer-encoding": "chunked" } })).toBe(415);
  });

  it("S4 JSON passes, with a charset too; a POST without a body needs no type", () => {
    const sent = { method: "POST", target: "/api/engine/unload" };
    expect(statusOf({ ...sent, headers: { ...json, "content-type": "Application/JSON; charset=utf-8" } })).toBe(200);
    expect(statusOf({ ...sent, headers: { "content-length": "0" } })).toBe(200);
  });

  it("S4 only a piece of a model's file is bytes, and it is nothing else", () => {
    const bytes = { "content-type": "application/octet-stream", "content-length": "5" };
    const piece = { method: "PATCH", target: "/api/models/uploads/0a1b-2c?offsetBytes=0" };
    expect(statusOf({ ...piece, headers: bytes })).toBe(200);
    for (const type of ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
      expect(statusOf({ ...piece, headers: { ...bytes, "content-type": type } }), type).toBe(415);
    for (const target of ["/api/models/uploads", "/api/models", "/api/models/uploads/a/b", "/x/api/models/uploads/a"])
      expect(statusOf({ method: "PATCH", target, headers: bytes }), target).not.toBe(200);
    expect(statusOf({ ...piece, method: "POST", headers: bytes })).toBe(415);
    expect(statusOf({ ...piece, headers: { ...bytes, "sec-fetch-site": "cross-site" } })).toBe(403);
  });

  it("A6 a compressed body is refused", () => {
    const headers = { ...json, "content-encoding": "gzip" };
    expect(statusOf({ method: "POST", target: "/api/plan", headers })).toBe(400);
  });
});

describe("S6 S7 the request target", () => {
  it.each([
    "http://127.0.0.1:3000/api/health",
    "//api/settings",
    "/api//settings",
    "/%2e%2e/api",
    "/api/%2E/settings",
    "/api%2fsettings",
    "/api\\settings",
    "/api/x%00",
    "*",
    "",
  ])("S6 %j is refused", target => {
    expect(statusOf({ target })).toBe(400);
  });

  it("S6 one model's name may have encoded slashes, as OpenAI's JavaScript client sends it", () => {
    for (const name of ["repo%2Ffile.gguf", "owner%2frepo%2Ffile.gguf", "owner%2Frepo%2Ffile%20(1).gguf"])
      for (const method of ["GET", "HEAD"]) expect(statusOf({ method, target: `/v1/models/${name}` }), name).toBe(200);
  });

  it.each([
    "/v1/models/..%2F..%2Fapi%2Fsettings",
    "/v1/models/owner%2F..%2F..%2Fsettings",
    "/v1/models/owner%2F.%2Ffile.gguf",
    "/v1/models/owner%2F%2e%2e%2Ffile.gguf",
    "/v1/models/%2Fetc%2Fpasswd",
    "/v1/models/owner%2F%2Ffile.gguf",
    "/v1/models/owner%2F",
    "/v1/models/owner%2Frepo/file.gguf",
    "/v1/models/owner%2Ffile%5C.gguf",
    "/v1/models/owner%2Ffile%00.gguf",
    "/v1/models/owner%2Ffile\\.gguf",
    "/v1/models%2Ffile.gguf",
    "/v1%2Fmodels/file.gguf",
    "/v1/Models/owner%2Ffile.gguf",
    "/v1/chat%2Fcompletions",
    "/api/models/owner%2Ffile.gguf",
    "/models/owner%2Ffile.gguf",
  ])("S6 %j is refused, though a model's name may have encoded slashes", target => {
    expect(statusOf({ target })).toBe(400);
  });

  it("S6 encoded slashes are only read, never written to", () => {
    expect(statusOf({ method: "DELETE", target: "/v1/models/owner%2Ffile.gguf" })).toBe(400);
  });

  it("S7 tricks with headers and case change nothing for a foreign host", () => {
    const tricks = [
      { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" },
      { rsc: "1" },
      { "next-router-prefetch": "1" },
      { purpose: "prefetch" },
      { "x-forwarded-host": OWN_HOST },
      { forwarded: `host=${OWN_HOST}` },
    ];
    for (const headers of tricks)
      for (const target of ["/api/settings", "/API/Settings", "/dashboard.rsc", "/_next/data/x.json"])
        expect(statusOf({ target, headers, hosts: ["evil.com"] })).toBe(403);
  });

  it("S14 pages are only read", () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
      expect(statusOf({ method, target: "/dashboard", headers: json }), method).toBe(404);
    expect(statusOf({ method: "TRACE", target: "/api/settings" })).toBe(404);
  });
});

describe("S9 the token", () => {
  const guarded: AccessPolicy = { ...loopback, token: "correct horse battery" };

  it("S9 passes as a bearer token or as the cookie", () => {
    expect(statusOf({ headers: { authorization: "Bearer correct horse battery" } }, guarded)).toBe(200);
    expect(statusOf({ headers: { cookie: "theme=dark; headroom_token=correct horse battery" } }, guarded)).toBe(200);
  });

  it.each([
    {},
    { authorization: "Bearer " },
    { authorization: "Bearer wrong" },
    { authorization: "Bearer correct horse battery " },
    { authorization: "correct horse battery" },
    { authorization: "Basic correct horse battery" },
    { cookie: "headroom_token=" },
    { cookie: "xheadroom_token=correct horse battery" },
  ])("S9 %j is refused with 401", headers => {
    for (const target of paths) expect(statusOf({ target, headers }, guarded)).toBe(401);
  });

  it("S9 is never taken from the query", () => {
    expect(statusOf({ target: "/api/settings?token=correct+horse+battery" }, guarded)).toBe(401);
  });
});

describe("API keys", () => {
  const apiKeys = (areRequired: boolean) => ({
    areRequired,
    find: (secret: string) =>
      secret === "headroom-good" ? { id: "1" } : secret.startsWith("headroom-") ? ("unknown" as const) : null,
  });
  const local = { ...loopback, apiKeys: apiKeys(false) };
  const strict = { ...loopback, apiKeys: apiKeys(true) };
  const open = { ...loopback, token: "a-long-token-of-the-server", apiKeys: apiKeys(false) };
  const bearer = (word: string) => ({ authorization: `Bearer ${word}` });
  const models = (headers: Record<string, string>) => ({ target: "/v1/models", headers });

  it("on this computer any word passes, and a revoked key does not", () => {
    expect(statusOf(models({}), local)).toBe(200);
    expect(statusOf(models(bearer("sk-anything")), local)).toBe(200);
    expect(statusOf(models(bearer("headroom-good")), local)).toBe(200);
    expect(statusOf(models(bearer("headroom-revoked")), local)).toBe(401);
  });

  it("where keys are asked for, only a key passes, also as Anthropic's clients send it", () => {
    for (const policy of [strict, open]) {
      expect(statusOf(models({}), policy)).toBe(401);
      expect(statusOf(models(bearer("sk-anything")), policy)).toBe(401);
      expect(statusOf(models(bearer("headroom-good")), policy)).toBe(200);
      expect(statusOf(models({ "x-api-key": "headroom-good" }), policy)).toBe(200);
    }
  });

  it("whether the server can answer is open to reading, and only that", () => {
    for (const policy of [strict, open]) {
      for (const target of ["/health", "/v1/health", "/health?x=1", "/health/"]) {
        expect(statusOf({ target }, policy), target).toBe(200);
        expect(statusOf({ target, headers: bearer("headroom-revoked") }, policy), target).toBe(200);
      }
      expect(statusOf({ target: "/health", hosts: ["evil.com"] }, policy)).toBe(403);
      for (const sent of [{ target: "/health", method: "POST" }, { target: "/v1/healthy" }, { target: "/metrics" }])
        expect(statusOf(sent, policy), sent.target).toBe(401);
    }
  });

  it("a key opens nothing but the API, and the server's token opens all", () => {
    for (const target of ["/api/settings", "/api/keys", "/", "/v1x", "/api/../v1/models"])
      expect(statusOf({ target, headers: bearer("headroom-good") }, open), target).toBe(401);
    expect(statusOf(models(bearer(open.token)), open)).toBe(200);
    expect(statusOf({ target: "/api/settings", headers: bearer(open.token) }, open)).toBe(200);
  });
});
