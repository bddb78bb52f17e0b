import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@/lib/server/system/free-port";
import { hasEnded, startRealServer } from "@/lib/server/testing/kills/real-server";

const STOP_LIMIT_MS = 8_000;

export interface BenchServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Our own server as users run it, on a free port and with a separate home folder. */
export async function startServer(
  settings: Record<string, unknown>,
  env: Record<string, string> = {},
): Promise<BenchServer> {
  const home = mkdtempSync(join(tmpdir(), "headroom-bench-"));
  writeFileSync(join(home, "modelconf.json"), JSON.stringify(settings));
  const server = startRealServer({ home, port: await freePort(), env });
  await server.untilHealthy();
  return {
    url: server.url,
    pid: server.process.pid ?? 0,
    stop: async () => {
      await end(server.process);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function end(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  const timer = setTimeout(() => server.kill("SIGKILL"), STOP_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}
