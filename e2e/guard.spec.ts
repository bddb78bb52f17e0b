import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { endpoints } from "@/lib/schema/api";
import type { Endpoint } from "@/lib/schema/endpoint";
import { expect, test } from "./fixtures";

/** Sends the raw request: fetch would not allow a false host. */
function ask(url: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const sent = httpRequest(url, { method: options.method ?? "GET", headers: options.headers ?? {} }, response => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        // An event stream has no end.
        if (response.headers["content-type"]?.startsWith("text/event-stream")) response.destroy();
      });
      response.on("close", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.on("error", reject);
    // Node would send the body of a GET or DELETE without its length, and the next request would begin inside it.
    if (options.body !== undefined) sent.setHeader("content-length", Buffer.byteLength(options.body));
    sent.end(options.body);
  });
}

/** Every path of the API, with an example value for each variable part. */
const apiPaths = [
  ...new Set(Object.values<Endpoint>(endpoints).map(({ path }) => path.replaceAll(/\[[^\]]+\]/g, "x"))),
];

/** Every page of the build. */
const pagePaths = (): string[] =>
  Object.values<string>(JSON.parse(readFileSync(".next/app-path-routes-manifest.json", "utf8"))).filter(
    path => !path.startsWith("/_"),
  );

const assetPath = (): string => {
  const name = readdirSync(".next/static/chunks").find(file => file.endsWith(".js"));
  return `/_next/static/chunks/${name}`;
};

const publicPaths = ["/manifest.webmanifest", "/icons/icon-192.png"];

const tricks = [
  { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" },
  { rsc: "1" },
  { "next-router-prefetch": "1", purpose: "prefetch" },
];

test.describe("the built server's guard", () => {
  test("S1 S7 a foreign host is refused on every page, route and asset, whatever else the request says", async ({
    server,
  }) => {
    const pages = pagePaths();
    expect(pages).toContain("/dashboard");
    const paths = [...pages, ...apiPaths, ...publicPaths, assetPath(), "/missing", "/favicon.ico"];
    for (const path of paths)
      for (const trick of [{}, ...tricks]) {
        const { status } = await ask(`${server.url}${path}`, { headers: { host: "evil.com", ...trick } });
        expect(status, path).toBe(403);
      }
  });

  test("S2 S3 another site's page can read and change nothing", async ({ server }) => {
    const before = await ask(`${server.url}/api/settings`);
    const crossSite = [
      { origin: "https://evil.com" },
      { origin: "null" },
      { origin: server.url.replace(/\d+$/, "1") },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
    ];
    for (const path of apiPaths)
      for (const headers of crossSite)
        for (const method of ["GET", "POST", "PATCH", "PUT", "DELETE"]) {
          const json = { "content-type": "application/json" };
          const { status } = await ask(`${server.url}${path}`, {
            method,
            headers: { ...json, ...headers },
            body: "{}",
          });
          expect(status, `${method} ${path}`).toBe(403);
        }
    expect((await ask(`${server.url}/api/settings`)).text).toBe(before.text);
  });

  test("S5 S10 every answer is closed: no CORS, strict policy, nonce on every script, nothing cached of the API", async ({
    server,
  }) => {
    for (const path of [
      ...pagePaths(),
      ...apiPaths,
      ...publicPaths,
      assetPath(),
      "/missing",
      "/api/missing",
      "/v1/missing",
    ]) {
      const { headers, text } = await ask(`${server.url}${path}`);
      const policy = String(headers["content-security-policy"]);
      expect(policy, path).toContain("default-src 'none'");
      expect(policy, path).toContain("frame-ancestors 'none'");
      expect(policy, path).not.toMatch(/unsafe-(inline|eval)|\*/);
      expect(headers, path).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
      expect(
        Object.keys(headers).filter(name => name.startsWith("access-control")),
        path,
      ).toEqual([]);
      if (/^\/(api|v1)\//.test(path)) expect(headers["cache-control"], path).toContain("no-store");
      const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
      // An export of chats may quote a script tag. Only pages can run one.
      const scripts = String(headers["content-type"]).includes("html") ? [...text.matchAll(/<script[^>]*>/g)] : [];
      for (const [tag] of scripts) expect(tag, path).toContain(`nonce="${nonce}"`);
    }
  });

  test("S10 the nonce is new each time", async ({ server }) => {
    const nonces = await Promise.all(
      Array.from({ length: 5 }, async () => (await ask(server.url)).headers["content-security-policy"]),
    );
    expect(new Set(nonces).size).toBe(5);
  });

  test("S14 there are no Server Actions, and malformed Flight requests break nothing", async ({ server }) => {
    const action = { "next-action": "a".repeat(42), "content-type": "text/plain;charset=UTF-8" };
    expect((await ask(server.url, { method: "POST", headers: action, body: "[]" })).status).toBe(404);
    for (const tree of ["%5B", "[[[[[", "%00", "x".repeat(5_000)]) {
      const { status } = await ask(server.url, { headers: { rsc: "1", "next-router-state-tree": tree } });
      expect(status, tree.slice(0, 10)).toBeLessThan(500);
    }
    expect((await ask(`${server.url}/api/health`)).status).toBe(200);
  });

  test("S13 an unknown route of the API answers in JSON", async ({ server }) => {
    expect(JSON.parse((await ask(`${server.url}/api/no/such`)).text)).toMatchObject({ error: { code: "NOT_FOUND" } });
    expect(JSON.parse((await ask(`${server.url}/v1/no/such`)).text)).toMatchObject({
      error: { type: "invalid_request_error" },
    });
  });

  test("C6 it listens on one port of 127.0.0.1 and nowhere else", async ({ server }) => {
    test.skip(!existsSync("/proc/net/tcp"), "the kernel does not list sockets here");
    const folder = `/proc/${server.pid}/fd`;
    const { readlinkSync } = await import("node:fs");
    const inodes = readdirSync(folder).flatMap(name => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(join(folder, name)))?.[1] ?? [];
      } catch {
        return [];
      }
    });
    const listening = ["tcp", "tcp6"].flatMap(kind =>
      readFileSync(`/proc/net/${kind}`, "utf8")
        .split("\n")
        .map(line => line.trim().split(/\s+/))
        .filter(fields => fields[3] === "0A" && inodes.includes(fields[9] ?? ""))
        .map(fields => fields[1]),
    );
    // 127.0.0.1 as the kernel writes it, and our port in hexadecimal.
    const port = Number(new URL(server.url).port).toString(16).toUpperCase().padStart(4, "0");
    expect(listening).toEqual([`0100007F:${port}`]);
  });
});

test.describe("starting and ending", () => {
  test("S9 S16 a token opens pages and API, and is found nowhere else", async ({ ownServer, browser }) => {
    const canary = "canary-7f3a9b2c5d1e8f46";
    const server = await ownServer({ HEADROOM_TOKEN: canary, HF_TOKEN: `${canary}-hub`, LOG_LEVEL: "info" });
    const bearer = { authorization: `Bearer ${canary}` };
    expect((await ask(`${server.url}/api/settings`)).status).toBe(401);
    for (const path of ["/", "/dashboard", "/api/diagnostics", "/api/settings", "/api/engine"]) {
      const { status, text } = await ask(`${server.url}${path}`, { headers: bearer });
      expect(status, path).toBe(200);
      expect(text, path).not.toContain(canary);
    }
    await expect.poll(() => server.enginePid()).not.toBeNull();
    if (existsSync("/proc/self/environ"))
      expect(readFileSync(`/proc/${server.enginePid()}/environ`, "utf8")).not.toContain(canary);
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.getByLabel("Token").fill(canary);
    await page.getByRole("button", { name: "Open" }).click();
    await expect(page.getByRole("link", { name: "Dashboard" }).first()).toBeVisible();
    expect(await page.evaluate(() => document.cookie)).not.toContain("headroom_token");
    await page.close();
  });

  test("E11 a busy port is one sentence, and so is a second server on the same folder", async ({ server }) => {
    const start = async (env: Record<string, string>) => {
      const second = spawn(process.execPath, ["dist/server.mjs"], {
        env: { ...process.env, HEADROOM_HOME: test.info().outputPath("home"), ...env },
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      second.stderr.on("data", chunk => (said += chunk));
      const [exitCode] = await once(second, "exit");
      return { exitCode, lines: said.trim().split("\n") };
    };
    const port = new URL(server.url).port;
    const busy = await start({ PORT: port });
    expect(busy.exitCode).toBe(1);
    expect(busy.lines).toHaveLength(1);
    expect(busy.lines[0]).toContain(`Port ${port} is in use`);
    const shared = await start({ PORT: String(Number(port) + 1), HEADROOM_HOME: server.home });
    expect(shared.exitCode).toBe(1);
    expect(shared.lines).toHaveLength(1);
    expect(shared.lines[0]).toContain("Another Headroom");
  });

  test("S8 an open host without token is refused in one sentence", async () => {
    const server = spawn(process.execPath, ["dist/server.mjs"], {
      env: { ...process.env, HOST: "0.0.0.0" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    server.stderr.on("data", chunk => (said += chunk));
    const [exitCode] = await once(server, "exit");
    expect(exitCode).toBe(1);
    expect(said.trim().split("\n")).toHaveLength(1);
    expect(said).toContain("HEADROOM_TOKEN");
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const)
    test(`E8 ${signal} ends the server and its engine within 5 s, with a page open`, async ({ ownServer, page }) => {
      const server = await ownServer();
      await page.goto(`${server.url}/dashboard`);
      await expect.poll(() => server.enginePid()).not.toBeNull();
      const enginePid = server.enginePid();
      const startedAt = performance.now();
      await server.kill(signal);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(existsSync(`/proc/${enginePid}`)).toBe(false);
    });
});
