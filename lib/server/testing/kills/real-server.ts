import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const START_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

export interface RealServer {
  readonly url: string;
  readonly process: ChildProcess;
  /** Resolves when it answers. @throws when it ends first, or does not answer for a minute. */
  untilHealthy(): Promise<void>;
}

interface RealServerOptions {
  readonly home: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** The bundled web server over the production build, as `npm start` runs it: from the project's folder. */
export function startRealServer({ home, port, env = {} }: RealServerOptions): RealServer {
  const server = spawn(process.execPath, [join("dist", "server.mjs")], {
    // This channel ends the server together with the process that measures or tests it, however that one ends.
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    env: { ...process.env, NODE_ENV: "production", HEADROOM_HOME: home, PORT: String(port), HOST: "127.0.0.1", ...env },
  });
  const url = `http://127.0.0.1:${port}`;
  return { url, process: server, untilHealthy: () => untilHealthy(url, server) };
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function untilHealthy(url: string, server: ChildProcess): Promise<void> {
  const deadlineMs = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadlineMs) {
    if (hasEnded(server)) throw new Error(`The server ended with ${server.exitCode ?? server.signalCode}.`);
    const isHealthy = await fetch(`${url}/api/health`).then(
      response => response.ok,
      () => false,
    );
    if (isHealthy) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`The server did not answer within ${START_LIMIT_MS} ms.`);
}

interface ProcessRow {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
}

function allProcesses(): ProcessRow[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid=,stat=,args="], { encoding: "utf8" });
  return rows.split("\n").flatMap(row => {
    const [, pid, parentPid, state = "", command = ""] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(row) ?? [];
    // A zombie holds nothing any more; it waits for the process that adopted it.
    return pid === undefined || state.startsWith("Z")
      ? []
      : [{ pid: Number(pid), parentPid: Number(parentPid), command }];
  });
}

/** The processes that a process has started, and those that they have started. */
export function descendantsOf(rootPid: number): ProcessRow[] {
  const all = allProcesses();
  const tree = new Set([rootPid]);
  for (let size = 0; size < tree.size; ) {
    size = tree.size;
    for (const { pid, parentPid } of all) if (tree.has(parentPid)) tree.add(pid);
  }
  return all.filter(({ pid }) => pid !== rootPid && tree.has(pid));
}

/** Those of `processes` that still run. The command is compared because a number may be given to another program meanwhile. */
export function stillRunning(processes: readonly ProcessRow[]): ProcessRow[] {
  if (processes.length === 0) return [];
  const now = new Map(allProcesses().map(row => [row.pid, row.command]));
  return processes.filter(({ pid, command }) => now.get(pid) === command);
}
