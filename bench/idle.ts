import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { liveEventSchema } from "@/lib/schema/live-events";
import { formatBytes } from "@/lib/units/bytes";
import { printTable } from "./print-table";
import { usageOfTree } from "./process-usage";

const WATCH_MS = 20_000;
/** After the load: receipt, garbage collection and lazy imports belong to it and not to idleness. */
const SETTLE_MS = 5000;
const LOAD_LIMIT_MS = 120_000;
const GOAL_PERCENT = 1;

/**
 * What Headroom costs while nobody uses it: a model is loaded, one dashboard is open, nothing is asked. CPU time of the
 * web server and all it started over 20 s, as a share of one core, and what they hold in memory.
 */
export async function benchIdle({ json }: { readonly json: boolean }): Promise<void> {
  if (process.platform !== "linux") throw new Error("CPU time is read from /proc: this benchmark needs Linux.");
  const home = mkdtempSync(join(tmpdir(), "headroom-idle-"));
  // With "auto" the engine would measure its threads in the very time that is watched.
  writeFileSync(join(home, "modelconf.json"), JSON.stringify({ THREADS: availableParallelism() }));
  const port = await freePort();
  const server = spawn(process.execPath, [join("dist", "server.mjs")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, HEADROOM_HOME: home, PORT: String(port), HOST: "127.0.0.1" },
  });
  try {
    const dashboard = new AbortController();
    await openDashboard(port, dashboard.signal);
    await sleep(SETTLE_MS);
    report(await watch(server.pid ?? 0), json);
    dashboard.abort();
  } finally {
    await end(server);
    rmSync(home, { recursive: true, force: true });
  }
}

interface IdleProcess {
  readonly name: string;
  readonly cpuPercent: number;
  readonly rssBytes: number;
}

async function watch(serverPid: number): Promise<IdleProcess[]> {
  const startedAtMs = performance.now();
  const before = new Map(usageOfTree(serverPid).map(usage => [usage.pid, usage.cpuMs]));
  await sleep(WATCH_MS);
  const elapsedMs = performance.now() - startedAtMs;
  return usageOfTree(serverPid).map(({ pid, command, cpuMs, rssBytes }) => ({
    name: nameOf(command),
    cpuPercent: ((cpuMs - (before.get(pid) ?? 0)) / elapsedMs) * 100,
    rssBytes,
  }));
}

const nameOf = (command: string): string =>
  basename(/\S+\.m?js/.exec(command)?.[0] ?? command.split(" ")[0] ?? command);

function report(processes: readonly IdleProcess[], json: boolean): void {
  const cpuPercent = processes.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0);
  const rssBytes = processes.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  if (json) {
    console.log(JSON.stringify({ cpuPercent, rssBytes, goalPercent: GOAL_PERCENT, processes }));
    return;
  }
  const row = (name: string, percent: number, bytes: number) => [name, `${percent.toFixed(2)} %`, formatBytes(bytes)];
  printTable(
    ["idle for 20 s, model loaded, one dashboard open", "CPU of one core", "memory (RSS)"],
    [
      ...processes.map(({ name, cpuPercent, rssBytes }) => row(name, cpuPercent, rssBytes)),
      row("together", cpuPercent, rssBytes),
    ],
  );
  console.log(`\nThe goal is under ${GOAL_PERCENT} %: ${cpuPercent < GOAL_PERCENT ? "met" : "missed"}.`);
}

/** Follows /api/events as a dashboard does; resolves once a model is loaded and goes on reading until the signal fires. */
function openDashboard(port: number, signal: AbortSignal): Promise<void> {
  return new Promise((onLoaded, onFailure) => {
    const tooLong = () => onFailure(new Error("No model was loaded within two minutes."));
    setTimeout(tooLong, LOAD_LIMIT_MS).unref();
    readEvents(`http://127.0.0.1:${port}/api/events`, signal, onLoaded).catch(onFailure);
  });
}

async function readEvents(url: string, signal: AbortSignal, onLoaded: () => void): Promise<void> {
  const response = await connect(url, signal);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) return;
    const lines = (pending + part.value).split("\n");
    pending = lines.pop() ?? "";
    if (lines.some(isLoadedEvent)) onLoaded();
  }
}

function isLoadedEvent(line: string): boolean {
  if (!line.startsWith("data:")) return false;
  const event = liveEventSchema.safeParse(JSON.parse(line.slice("data:".length)));
  return event.success && event.data.type === "engine" && event.data.engine.state === "loaded";
}

/** The server needs a moment before it listens. */
async function connect(url: string, signal: AbortSignal): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    try {
      const response = await fetch(url, { signal });
      if (response.ok) return response;
      throw new Error(`${url} answered with status ${response.status}.`);
    } catch (error) {
      if (attempt >= 100 || !(error instanceof TypeError)) throw error;
      await sleep(200);
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGTERM");
  await once(server, "exit");
}
