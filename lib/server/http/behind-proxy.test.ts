import { createServer, request as forward, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { ApiHandler } from "./api-handler";
import { createHttpServer, type HttpServer, type PageHandler } from "./http-server";

const NAME = "chat.example.com";
const TOKEN = "a-token-of-enough-characters";

let http: HttpServer;
let proxy: Server;

afterEach(async () => {
  await http.close();
  proxy.close();
});

/** A proxy that ends TLS, as nginx does without `proxy_set_header Host`: it sends its own idea of the host, and the browser's beside it. */
async function behindProxy(trustedProxies: readonly string[]): Promise<string> {
  const allowedHosts: string[] = [NAME];
  const handle: PageHandler = async (_request, response) => void response.end("page");
  const handleApi: ApiHandler = async (_request, response, sender) => void response.end(sender);
  const policy = { allowedHosts, token: TOKEN, trustedProxies };
  http = createHttpServer({ policy, handleApi, handlePage: handle, onError: () => {} });
  const { port } = await http.listen(0, "127.0.0.1");
  allowedHosts.push(`127.0.0.1:${port}`);
  proxy = createServer((incoming, outgoing) => {
    const headers = {
      ...incoming.headers,
      host: `upstream:${port}`,
      "x-forwarded-host": incoming.headers["x-test-host"] ?? NAME,
      "x-forwarded-proto": "https",
      "x-forwarded-for": [incoming.headers["x-forwarded-for"], "192.0.2.7"].filter(Boolean).join(", "),
    };
    const passed = forward(
      { port, host: "127.0.0.1", method: incoming.method, path: incoming.url, headers },
      answer => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(passed);
  });
  await new Promise<void>(resolve => proxy.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

const withToken = { authorization: `Bearer ${TOKEN}` };

it("takes the browser's host from a proxy that was named, and makes its cookie for TLS only", async () => {
  const url = await behindProxy(["127.0.0.1"]);
  expect((await fetch(url, { headers: withToken })).status).toBe(200);
  const login = await fetch(`${url}/login`, {
    method: "POST",
    body: new URLSearchParams({ token: TOKEN }),
    redirect: "manual",
  });
  expect(login.headers.get("set-cookie")).toMatch(/; Secure$/);
});

it("still refuses a host that is not allowed, and asks for the token", async () => {
  const url = await behindProxy(["127.0.0.1"]);
  expect((await fetch(url, { headers: { ...withToken, "x-test-host": "evil.com" } })).status).toBe(403);
  expect((await fetch(url)).status).toBe(401);
});

it("believes nobody else", async () => {
  const url = await behindProxy(["10.0.0.1"]);
  expect((await fetch(url, { headers: withToken })).status).toBe(403);
});

it("tells callers apart by the address that a named proxy saw, whatever the caller wrote before it", async () => {
  const url = await behindProxy(["127.0.0.1"]);
  const answer = await fetch(`${url}/api/health`, { headers: { ...withToken, "x-forwarded-for": "203.0.113.1" } });
  expect(await answer.text()).toBe("192.0.2.7");
});

it("takes the connection's own address where no proxy was named", async () => {
  await behindProxy(["10.0.0.1"]);
  const { port } = http.server.address() as AddressInfo;
  const headers = { ...withToken, "x-forwarded-for": "203.0.113.1" };
  const answer = await fetch(`http://127.0.0.1:${port}/api/health`, { headers });
  expect(await answer.text()).toBe("127.0.0.1");
});
