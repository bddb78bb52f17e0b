import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import type { Download } from "@/lib/schema/models/download";
import { hashFile } from "@/lib/server/models/downloads/hash-file";
import { freePort } from "@/lib/server/system/free-port";
import { type RealServer, startRealServer } from "@/lib/server/testing/kills/real-server";
import { type StandInFile, StandInHub, sha256Of } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { formatBytes, GIB, MIB } from "@/lib/units/bytes";
import { median } from "@/lib/units/median";
import { type BesideDownload, besideDownload } from "./beside-download";
import { printTable } from "./measure/print-table";
import { forgetPeak, type ProcessUsage, usageOf } from "./measure/process-usage";

const FILE_BYTES = 2 * GIB;
/** Smaller, because one connection of the long line needs half a minute for it. */
const LONG_LINE_BYTES = 512 * MIB;
/** A window of 1 MiB in 50 ms: 20 MiB a second for each connection. */
const LONG_LINE = { windowBytes: MIB, roundTripMs: 50 };
const KILL_AT = [0.1, 0.3, 0.5, 0.7, 0.9];
const KILLED_BYTES_PER_SECOND = 256 * MIB;
/** Speed against curl is the median of these: each fetches with both. */
const ROUNDS = 3;
/** A server that has just begun still grows by itself. */
const SETTLE_MS = 5000;
const LIMIT_MS = 10 * 60_000;
const LOOK_MS = 20;
const PATH = "/owner/repo/resolve/main/model.gguf";
const NAME = "owner/repo/model.gguf";

interface CurlRun {
  readonly elapsedMs: number;
  readonly cpuMs: number;
}

interface Fetched {
  /** From the first byte to the last. */
  readonly transferMs: number;
  /** With the request for the header, the check and the move. */
  readonly wholeMs: number;
  /** Of the whole server, also with the check. */
  readonly cpuMs: number;
  readonly peakRssBytes: number;
  readonly startRssBytes: number;
}

/**
 * Downloads from a hub on this computer: the speed against curl's in the same run, several connections on a long line against one,
 * a large file whose server is killed five times, and what a download costs an answer.
 */
export async function benchDownloads({ json }: { readonly json: boolean }): Promise<void> {
  if (process.platform !== "linux") throw new Error("Memory is read from /proc: this benchmark needs Linux.");
  const hub = await StandInHub.start();
  const folder = mkdtempSync(join(tmpdir(), "headroom-downloads-"));
  try {
    const large = sparse(FILE_BYTES);
    hub.serve(PATH, withHash(hub, large, sha256Of(large)));
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++)
      rounds.push({ curl: await timeCurl(hub, folder), own: await withServer(hub, folder, fetchWhole) });
    const killed = await killedFiveTimes(hub, folder, sha256Of(large));
    // Larger than what comes while it answers; it is never fetched whole.
    hub.serve(PATH, sparse(8 * GIB));
    const beside = await besideDownload(hub, `hf:${NAME}`);
    const long = sparse(LONG_LINE_BYTES);
    hub.serve(PATH, withHash(hub, long, sha256Of(long)));
    hub.line = LONG_LINE;
    const longLine = { curl: await timeCurl(hub, folder), own: await withServer(hub, folder, fetchWhole) };
    report({ rounds, killed, beside, longLine }, json);
  } finally {
    await hub.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A model's header, and zeros behind it. */
function sparse(fileBytes: number): StandInFile {
  return { start: shapeFile(modelShape("small-llama-2")).header, fileBytes };
}

const withHash =
  (hub: StandInHub, file: StandInFile, sha256: string): Parameters<StandInHub["serve"]>[1] =>
  (request, response) => {
    response.setHeader("x-linked-etag", `"${sha256}"`);
    hub.sendRange(file, request.headers.range, response);
  };

async function timeCurl(hub: StandInHub, folder: string): Promise<CurlRun> {
  const path = join(folder, "curl");
  const startedAtMs = performance.now();
  // The shell tells the processor time of what it has run.
  const script = 'TIMEFORMAT="%U %S"; time curl -sS -o "$0" "$1"';
  const { stderr } = await promisify(execFile)("bash", ["-c", script, path, `${hub.origin}${PATH}`], {
    env: { ...process.env, LC_ALL: "C" },
  });
  const elapsedMs = performance.now() - startedAtMs;
  rmSync(path);
  const cpuSeconds = stderr.trim().split(/\s+/).map(Number);
  return { elapsedMs, cpuMs: cpuSeconds.reduce((sum, seconds) => sum + seconds, 0) * 1000 };
}

interface BenchHome {
  readonly modelsFolder: string;
  start(): Promise<RealServer>;
}

async function withServer<Result>(hub: StandInHub, folder: string, work: (home: BenchHome) => Promise<Result>) {
  const home = mkdtempSync(join(folder, "home-"));
  const modelsFolder = join(home, "models");
  mkdirSync(modelsFolder);
  const port = await freePort();
  const env = { HEADROOM_GPU: "off", LOG_LEVEL: "silent", HEADROOM_MODELS_DIR: modelsFolder, HF_ENDPOINT: hub.origin };
  const started: RealServer[] = [];
  try {
    return await work({
      modelsFolder,
      start: async () => {
        const server = startRealServer({ home, port, env });
        started.push(server);
        await server.untilHealthy();
        return server;
      },
    });
  } finally {
    for (const server of started) await kill(server, "SIGTERM");
    rmSync(home, { recursive: true, force: true });
  }
}

async function kill({ process: server }: RealServer, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, "exit");
  server.kill(signal);
  await exited;
}

async function send(url: string, method: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
}

async function readDownload({ url }: RealServer): Promise<Download | undefined> {
  const answer: { downloads: Download[] } = await (await fetch(`${url}/api/downloads`)).json();
  const [download] = answer.downloads;
  if (download?.state === "failed") throw new Error(download.error.message);
  return download;
}

function serverUsage({ process: { pid = 0 } }: RealServer): ProcessUsage {
  const [usage] = usageOf(pid);
  if (usage === undefined) throw new Error("The server has ended.");
  return usage;
}

async function until(server: RealServer, isReached: (download: Download) => boolean) {
  const deadlineMs = performance.now() + LIMIT_MS;
  while (performance.now() < deadlineMs) {
    const download = await readDownload(server);
    if (download !== undefined && isReached(download)) return;
    await sleep(LOOK_MS);
  }
  throw new Error("The download took longer than ten minutes.");
}

async function fetchWhole(home: BenchHome): Promise<Fetched> {
  const server = await home.start();
  await readDownload(server);
  await sleep(SETTLE_MS);
  forgetPeak(server.process.pid ?? 0);
  const before = serverUsage(server);
  const startedAtMs = performance.now();
  await send(`${server.url}/api/downloads`, "POST", { source: `hf:${NAME}` });
  await until(server, ({ state }) => state === "downloading" || state === "verifying" || state === "done");
  const beganAtMs = performance.now();
  await until(server, ({ state }) => state === "verifying" || state === "done");
  const transferMs = performance.now() - beganAtMs;
  await until(server, ({ state }) => state === "done");
  const after = serverUsage(server);
  return {
    transferMs,
    wholeMs: performance.now() - startedAtMs,
    cpuMs: after.cpuMs - before.cpuMs,
    startRssBytes: before.rssBytes,
    peakRssBytes: after.peakRssBytes,
  };
}

interface Killed {
  readonly isRight: boolean;
  readonly kills: number;
  readonly extraBytes: number;
}

const killedFiveTimes = (hub: StandInHub, folder: string, sha256: string): Promise<Killed> =>
  withServer(hub, folder, async home => {
    const before = hub.sentBytes;
    let server = await home.start();
    // Slower than it could be, so that it is hit where it should be.
    await send(`${server.url}/api/downloads`, "PATCH", { bytesPerSecondLimit: KILLED_BYTES_PER_SECOND });
    await send(`${server.url}/api/downloads`, "POST", { source: `hf:${NAME}` });
    for (const share of KILL_AT) {
      await until(server, ({ receivedBytes, totalBytes }) => receivedBytes >= share * (totalBytes ?? Infinity));
      await kill(server, "SIGKILL");
      server = await home.start();
    }
    await until(server, ({ state }) => state === "done").catch(() => {});
    const path = join(home.modelsFolder, ...NAME.split("/"));
    const isRight = (await hashFile(path, AbortSignal.timeout(LIMIT_MS))) === sha256;
    return { isRight, kills: KILL_AT.length, extraBytes: hub.sentBytes - before - FILE_BYTES };
  });

interface Round {
  readonly curl: CurlRun;
  readonly own: Fetched;
}

interface Figures {
  readonly rounds: readonly Round[];
  readonly killed: Killed;
  readonly beside: BesideDownload;
  readonly longLine: Round;
}

const ratioOf = ({ curl, own }: Round): number => curl.elapsedMs / own.transferMs;

function report(figures: Figures, json: boolean): void {
  const { rounds, killed, beside, longLine } = figures;
  const middle = (figure: (round: Round) => number): number => median(rounds.map(figure)) ?? 0;
  const ratio = middle(ratioOf);
  if (json) {
    console.log(JSON.stringify({ ...figures, ratio, longRatio: ratioOf(longLine) }));
    return;
  }
  const row = (what: string, ratioText: string, goal: string, of: (figure: (round: Round) => number) => number) => [
    what,
    `${(of(({ curl }) => curl.elapsedMs) / 1000).toFixed(1)} s`,
    `${(of(({ own }) => own.transferMs) / 1000).toFixed(1)} s`,
    `${(of(({ own }) => own.wholeMs) / 1000).toFixed(1)} s`,
    ratioText,
    goal,
  ];
  printTable(
    ["download", "curl", "Headroom", "with the check", "ratio", "goal"],
    [
      row(`${formatBytes(FILE_BYTES)} from this computer`, ratio.toFixed(2), "0.90", middle),
      row(
        `${formatBytes(LONG_LINE_BYTES)}, 1 MiB per 50 ms and connection`,
        ratioOf(longLine).toFixed(2),
        "2.00",
        figure => figure(longLine),
      ),
    ],
  );
  const perMib = (cpuMs: number): string => `${((cpuMs * MIB) / FILE_BYTES).toFixed(2)} ms`;
  console.log(
    `\nProcessor time for each MiB: curl ${perMib(middle(({ curl }) => curl.cpuMs))}, the server with the check ${perMib(middle(({ own }) => own.cpuMs))}.`,
  );
  console.log(
    `An answer beside a download of ${formatBytes(beside.bytesPerSecond)}/s: ${beside.beside.toFixed(1)} tokens/s, alone ${beside.alone.toFixed(1)}: ${beside.ratio.toFixed(2)} of it (goal 0.95).`,
  );
  console.log(
    `Killed ${killed.kills} times: the sha256 is ${killed.isRight ? "right" : "WRONG"}; ${formatBytes(killed.extraBytes)} were fetched twice.`,
  );
  const grownBytes = middle(({ own }) => own.peakRssBytes - own.startRssBytes);
  console.log(
    `The server's memory: ${formatBytes(middle(({ own }) => own.startRssBytes))} before, and at most ${formatBytes(grownBytes)} more.`,
  );
}
