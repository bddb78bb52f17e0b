import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 8_000;

export interface BenchServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Our own server as users run it, on a free port and with a home folder of its own. */
export async function startServer(
  settings: Record<string, unknown>,
  env: Record<string, string> = {},
): Promise<BenchServer> {
  const home = mkdtempSync(join(tmpdir(), "headroom-bench-"));
  writeFileSync(join(home, "modelconf.json"), JSON.stringify(settings));
  const port = await freePort();
  const server = spawn(process.execPath, [join("dist", "server.mjs")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_ENV: "production", HEADROOM_HOME: home, PORT: String(port), HOST: "127.0.0.1", ...env },
  });
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, server);
  return {
    url,
    pid: server.pid ?? 0,
    stop: async () => {
      await end(server);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("The system gave no port.");
  return address.port;
}

async function untilHealthy(url: string, server: ChildProcess): Promise<void> {
  const deadlineMs = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadlineMs) {
    if (server.exitCode !== null) throw new Error(`The server ended with ${server.exitCode}.`);
    const isHealthy = await fetch(`${url}/api/health`).then(
      response => response.ok,
      () => false,
    );
    if (isHealthy) return;
    await sleep(100);
  }
  throw new Error(`The server did not answer within ${START_LIMIT_MS} ms.`);
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  const timer = setTimeout(() => server.kill("SIGKILL"), STOP_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}
