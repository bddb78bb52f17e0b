import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createHttpServer, type HttpServer, type PageHandler } from "./http-server";

const TOKEN = "corréct; horse=battery";
let http: HttpServer;
let url: string;

beforeAll(async () => {
  const policy = { allowedHosts: [] as string[], token: TOKEN };
  const handle: PageHandler = async (_request, response) => void response.end("page");
  http = createHttpServer({ policy, handleApi: handle, handlePage: handle, onError: () => {} });
  const { port } = await http.listen(0, "127.0.0.1");
  policy.allowedHosts.push(`127.0.0.1:${port}`);
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => http.close());

const browser = { accept: "text/html,*/*" };
const logIn = (token: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/login`, { method: "POST", body: new URLSearchParams({ token }), headers, redirect: "manual" });

describe("S9 opening Headroom in another computer's browser", () => {
  it("S9 a page asks for the token; programs get JSON", async () => {
    const page = await fetch(url, { headers: browser });
    expect(page.status).toBe(401);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'; form-action 'self'");
    expect(await page.text()).toContain('<form method="post" action="/login">');
    const api = await fetch(`${url}/api/settings`, { headers: browser });
    expect(api.status).toBe(401);
    expect(await api.json()).toMatchObject({ error: { code: "FORBIDDEN" } });
  });

  it("S9 the right token sets a cookie that scripts and other sites never see, and opens everything", async () => {
    const answer = await logIn(TOKEN);
    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toBe("/");
    const cookie = answer.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(/^headroom_token=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    const opened = await fetch(url, { headers: { ...browser, cookie: cookie.split(";")[0] ?? "" } });
    expect(await opened.text()).toBe("page");
  });

  it("S9 a wrong token sets none and takes its time", async () => {
    const startedAt = performance.now();
    const answer = await logIn("corréct; horse=batter");
    expect(answer.status).toBe(401);
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(performance.now() - startedAt).toBeGreaterThan(600);
    expect(await answer.text()).not.toContain(TOKEN);
  });

  it("S2 S9 another site cannot try tokens", async () => {
    expect((await logIn(TOKEN, { origin: "https://evil.com" })).status).toBe(403);
    expect((await logIn(TOKEN, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  });

  it("S9 a huge form is no token", async () => {
    expect((await logIn("x".repeat(100_000))).status).toBe(401);
  });
});
