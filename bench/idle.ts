import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { liveEventSchema } from "@/lib/schema/live-events";
import { sentData } from "@/lib/server/testing/kills/sent-data";
import { formatBytes } from "@/lib/units/bytes";
import { printTable } from "./measure/print-table";
import { usageOfTree } from "./measure/process-usage";
import { startServer } from "./measure/start-server";

/** Time for the receipt and lazy imports. */
const AFTER_LOAD_MS = 5000;
/** V8 compacts the heaps after a load, once or twice within a minute. This is shown, but counts as part of the load and not as idling. */
const SETTLE_MS = 70_000;
const WATCH_MS = 60_000;
const LOAD_LIMIT_MS = 120_000;
const GOAL_PERCENT = 1;

/**
 * What Headroom costs while it idles: a model is loaded, one dashboard is open, no request is made. Measures the CPU time of the
 * web server and all its children over a minute, as a share of one core, and their memory.
 */
export async function benchIdle({ json }: { readonly json: boolean }): Promise<void> {
  if (process.platform !== "linux") throw new Error("CPU time is read from /proc: this benchmark needs Linux.");
  // With "auto" the engine would measure its thread speeds, and the gain of guessed tokens, during this measurement.
  const server = await startServer({ THREADS: availableParallelism(), SPECULATION: "off" });
  try {
    const dashboard = new AbortController();
    await openDashboard(`${server.url}/api/events`, dashboard.signal);
    await sleep(AFTER_LOAD_MS);
    const settling = await watch(server.pid, SETTLE_MS);
    report(await watch(server.pid, WATCH_MS), settling, json);
    dashboard.abort();
  } finally {
    await server.stop();
  }
}

interface IdleProcess {
  readonly name: string;
  readonly cpuPercent: number;
  readonly rssBytes: number;
}

async function watch(serverPid: number, watchMs: number): Promise<IdleProcess[]> {
  const startedAtMs = performance.now();
  const before = new Map(usageOfTree(serverPid).map(usage => [usage.pid, usage.cpuMs]));
  await sleep(watchMs);
  const elapsedMs = performance.now() - startedAtMs;
  return usageOfTree(serverPid).map(({ pid, command, cpuMs, rssBytes }) => ({
    name: nameOf(command),
    cpuPercent: ((cpuMs - (before.get(pid) ?? 0)) / elapsedMs) * 100,
    rssBytes,
  }));
}

const nameOf = (command: string): string =>
  basename(/\S+\.m?js/.exec(command)?.[0] ?? command.split(" ")[0] ?? command);

const percentOf = (processes: readonly IdleProcess[]): number =>
  processes.reduce((sum, { cpuPercent }) => sum + cpuPercent, 0);

function report(processes: readonly IdleProcess[], settling: readonly IdleProcess[], json: boolean): void {
  const cpuPercent = percentOf(processes);
  const settlingPercent = percentOf(settling);
  const rssBytes = processes.reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  if (json) {
    console.log(JSON.stringify({ cpuPercent, settlingPercent, rssBytes, goalPercent: GOAL_PERCENT, processes }));
    return;
  }
  const row = (name: string, percent: number, bytes: number) => [name, `${percent.toFixed(2)} %`, formatBytes(bytes)];
  printTable(
    [`idle for ${WATCH_MS / 1000} s, model loaded, one dashboard open`, "CPU of one core", "memory (RSS)"],
    [
      ...processes.map(({ name, cpuPercent, rssBytes }) => row(name, cpuPercent, rssBytes)),
      row("together", cpuPercent, rssBytes),
    ],
  );
  console.log(`\nIn the ${SETTLE_MS / 1000} s after the load, while V8 tidies up: ${settlingPercent.toFixed(2)} %.`);
  console.log(`The goal is under ${GOAL_PERCENT} %: ${cpuPercent < GOAL_PERCENT ? "met" : "missed"}.`);
}

/** Reads the events as a dashboard does. Resolves once a model is loaded, and keeps reading until the signal fires. */
function openDashboard(url: string, signal: AbortSignal): Promise<void> {
  return new Promise((onLoaded, onFailure) => {
    const tooLong = () => onFailure(new Error("No model was loaded within two minutes."));
    setTimeout(tooLong, LOAD_LIMIT_MS).unref();
    readEvents(url, signal, onLoaded).catch(onFailure);
  });
}

async function readEvents(url: string, signal: AbortSignal, onLoaded: () => void): Promise<void> {
  const { body } = await fetch(url, { signal });
  for await (const data of sentData(body)) if (isLoadedEvent(data)) onLoaded();
}

function isLoadedEvent(data: string): boolean {
  const event = liveEventSchema.safeParse(JSON.parse(data));
  return event.success && event.data.type === "engine" && event.data.engine.state === "loaded";
}
