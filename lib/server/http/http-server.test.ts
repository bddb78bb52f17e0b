import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { type AddressInfo, connect, createServer as createNetServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createHttpServer, type HttpServer, type PageHandler } from "./http-server";
import { BODY_LIMIT_BYTES } from "./request-guard";

let http: HttpServer;
let port: number;
let handled: string[];
/** Requests that the page handler has not answered yet. */
let held: (() => void)[];

beforeEach(async () => {
  handled = [];
  held = [];
  const policy = { allowedHosts: [] as string[], token: null, allowedOrigins: ["app://obsidian.md"] };
  const handle: PageHandler = async (request, response) => {
    handled.push(`${request.method} ${request.url}`);
    if (request.url === "/throws") throw new Error("secret stack");
    if (request.url === "/slow") await new Promise<void>(resolve => held.push(resolve));
    response.end("page");
  };
  http = createHttpServer({ policy, handleApi: handle, handlePage: handle, onError: () => {} });
  ({ port } = await http.listen(0, "127.0.0.1"));
  policy.allowedHosts.push(`127.0.0.1:${port}`);
});
afterEach(() => {
  for (const release of held) release();
  return http.close();
});

/** Sends raw bytes and reads until the server closes or has answered. */
async function raw(text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(text);
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    answer += chunk;
    if (/\r\n\r\n/.test(answer)) setTimeout(() => socket.destroy(), 50);
  });
  socket.on("error", () => {});
  await once(socket, "close");
  return answer;
}

const get = (path: string, headers = `Host: 127.0.0.1:${port}`): Promise<string> =>
  raw(`GET ${path} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`);
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

const SECURITY_HEADERS = [
  "content-security-policy: default-src 'none'",
  "x-content-type-options: nosniff",
  "x-frame-options: deny",
  "referrer-policy: no-referrer",
  "cross-origin-resource-policy: same-origin",
];

describe("the door", () => {
  it("S1 a doubled or missing Host never reaches a page", async () => {
    const own = `Host: 127.0.0.1:${port}`;
    expect(statusOf(await get("/", `${own}\r\n${own}`))).toBe(403);
    expect(statusOf(await get("/", `${own}\r\nHost: evil.com`))).toBe(403);
    expect(statusOf(await get("/", "X-Nothing: 1"))).toBe(403);
    expect(statusOf(await raw("GET / HTTP/1.0\r\n\r\n"))).toBe(403);
    expect(handled).toEqual([]);
    expect(statusOf(await get("/"))).toBe(200);
  });

  it("S6 absolute-form, CONNECT and upgrades are refused, and nothing is connected to elsewhere", async () => {
    let connections = 0;
    const sink = createNetServer(() => {
      connections += 1;
    });
    sink.listen(0, "127.0.0.1");
    await once(sink, "listening");
    const target = `127.0.0.1:${(sink.address() as AddressInfo).port}`;
    const host = `Host: 127.0.0.1:${port}`;
    expect(statusOf(await get(`http://${target}/`))).toBe(400);
    expect(statusOf(await raw(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`))).toBe(400);
    const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13`;
    expect(statusOf(await raw(`GET /_next/hmr HTTP/1.1\r\n${host}\r\n${upgrade}\r\n\r\n`))).toBe(400);
    expect(statusOf(await raw(`GET / HTTP/1.1\r\nHost: evil.com\r\n${upgrade}\r\n\r\n`))).toBe(403);
    sink.close();
    expect(connections).toBe(0);
    expect(handled).toEqual([]);
  });

  it("S10 every answer has the security headers, also to requests that are none", async () => {
    const answers = [
      await get("/"),
      await get("/throws"),
      await get("/", "Host: evil.com"),
      await raw("NONSENSE\r\n\r\n"),
      await raw(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`),
      await raw(`CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n`),
    ];
    expect(answers.map(statusOf)).toEqual([200, 500, 403, 400, 431, 400]);
    for (const answer of answers) for (const header of SECURITY_HEADERS) expect(answer.toLowerCase()).toContain(header);
  });

  it("S10 the API is never cached, and a failing page tells nothing of itself", async () => {
    expect((await get("/api/health")).toLowerCase()).toContain("cache-control: no-store");
    expect(await get("/throws")).not.toContain("secret");
  });

  it("S5 no CORS header is ever sent", async () => {
    const headers = `Host: 127.0.0.1:${port}\r\nOrigin: https://evil.com\r\nAccess-Control-Request-Method: POST`;
    for (const method of ["GET", "OPTIONS"]) {
      const answer = await raw(`${method} /api/plan HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`);
      expect(statusOf(answer)).toBe(403);
      expect(answer.toLowerCase()).not.toContain("access-control-");
    }
  });

  it("refuses in OpenAI's words under /v1", async () => {
    const answer = await get("/v1/models", "Host: evil.com");
    expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4))).toMatchObject({
      error: { type: "authentication_error", code: "FORBIDDEN" },
    });
  });
});

describe("load", () => {
  const post = (bytes: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { "content-type": "application/json", "content-length": bytes };
      const sent = httpRequest({ port, host: "127.0.0.1", path: "/api/x", method: "POST", headers }, response => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on("error", reject);
      sent.end(Buffer.alloc(bytes, "x"));
    });

  it("A5 a body up to the limit passes and one byte more is answered with 413, not with a reset", async () => {
    expect(await post(BODY_LIMIT_BYTES - 1)).toBe(200);
    expect(await post(BODY_LIMIT_BYTES)).toBe(200);
    expect(await post(BODY_LIMIT_BYTES + 1)).toBe(413);
    expect(handled).toHaveLength(2);
  });

  it("N5 of 600 requests at once each is answered, the ones too many with 429, and then all is normal", async () => {
    const url = `http://127.0.0.1:${port}/slow`;
    const answers = Array.from({ length: 600 }, () => fetch(url).then(response => response.status));
    while (held.length < 256) await new Promise(resolve => setTimeout(resolve, 10));
    const most = held.length;
    // A connection accepted now finds room again.
    const releasing = setInterval(() => {
      for (const release of held.splice(0)) release();
    }, 20);
    const statuses = await Promise.all(answers);
    clearInterval(releasing);
    expect(most).toBe(256);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(statuses.filter(status => status === 200).length).toBeGreaterThanOrEqual(256);
    expect(statusOf(await get("/"))).toBe(200);
  });

  it("lets 1,000 connections wait that come while the process is busy", async () => {
    const sockets = Array.from({ length: 1000 }, () => connect(port, "127.0.0.1"));
    const connected = sockets.map(socket => once(socket, "connect").then(() => performance.now()));
    // All have asked by now, and nothing is accepted.
    await new Promise(setImmediate);
    const busyUntil = performance.now() + 200;
    while (performance.now() < busyUntil);
    const times = await Promise.all(connected);
    for (const socket of sockets) socket.destroy();
    // A connection that finds no room is asked for again after a second.
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(900);
  });

  it("keeps a connection that nobody uses longer than a proxy does: nginx closes after 60 s", async () => {
    const { headers } = await fetch(`http://127.0.0.1:${port}/`);
    const [, seconds] = /timeout=(\d+)/.exec(headers.get("keep-alive") ?? "") ?? [];
    expect(Number(seconds)).toBeGreaterThan(60);
  });

  it("E8 closing waits for short answers and cuts long ones off", async () => {
    const cut = fetch(`http://127.0.0.1:${port}/slow`).then(
      () => "answered",
      () => "cut",
    );
    while (held.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
    const startedAt = performance.now();
    await http.close();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await cut).toBe("cut");
  });
});

describe("S2 pages of an allowed origin", () => {
  const ask = (line: string, headers: readonly string[]) =>
    raw(`${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers.join("\r\n")}\r\nConnection: close\r\n\r\n`);
  const preflight = (origin: string, path = "/v1/chat/completions") =>
    ask(`OPTIONS ${path}`, [
      `Origin: ${origin}`,
      "Access-Control-Request-Method: POST",
      "Access-Control-Request-Headers: authorization, content-type, x-stainless-os",
      "Access-Control-Request-Private-Network: true",
    ]);

  it("S2 get the browser's question answered, without anything being done", async () => {
    const answer = await preflight("app://obsidian.md");
    expect(statusOf(answer)).toBe(204);
    expect(answer).toContain("Access-Control-Allow-Origin: app://obsidian.md\r\n");
    expect(answer).toContain("Access-Control-Allow-Headers: authorization, content-type, x-stainless-os\r\n");
    expect(answer).toContain("Access-Control-Allow-Private-Network: true\r\n");
    expect(answer).not.toMatch(/allow-credentials/i);
    expect(handled).toEqual([]);
  });

  it("S2 may read the answer, also a refusal", async () => {
    const read = await ask("GET /v1/models", ["Origin: app://obsidian.md"]);
    expect(read).toContain("Access-Control-Allow-Origin: app://obsidian.md\r\n");
    expect(read).toMatch(/^Vary: Origin\r$/m);
    const refused = await ask("POST /v1/models", [
      "Origin: app://obsidian.md",
      "Content-Type: text/plain",
      "Content-Length: 1",
    ]);
    expect(statusOf(refused)).toBe(415);
    expect(refused).toContain("Access-Control-Allow-Origin: app://obsidian.md\r\n");
  });

  it("S2 others get no such header, and neither do other paths", async () => {
    for (const [origin, path] of [
      ["https://evil.com", "/v1/models"],
      ["null", "/v1/models"],
      ["app://obsidian.md", "/api/settings"],
      ["app://obsidian.md", "/"],
    ] as const) {
      const answer = await preflight(origin, path);
      expect(statusOf(answer), `${origin} ${path}`).toBe(403);
      expect(answer).not.toMatch(/access-control/i);
    }
  });
});
