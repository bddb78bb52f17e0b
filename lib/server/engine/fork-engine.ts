import { fork, spawnSync } from "node:child_process";
import type { EventEmitter } from "node:events";
import type { Readable } from "node:stream";

export type GpuChoice = "auto" | "cuda" | "vulkan" | "metal" | "off";

/** The part of a ChildProcess that the supervisor uses. Emits "message", "exit", "error" and "disconnect". */
export interface ForkedProcess extends EventEmitter {
  readonly pid?: number | undefined;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  send(message: unknown, done: (error: Error | null) => void): boolean;
  kill(signal: NodeJS.Signals): boolean;
}

export type ForkEngine = (entryPath: string, env: NodeJS.ProcessEnv) => ForkedProcess;

/**
 * Starts the engine's entry with an IPC pipe and nothing else: no port, no stdin, no inherited debugger flags.
 *
 * The child ends itself when the pipe closes. Where util-linux's `setpriv` exists, the kernel also kills it when we
 * die, which holds even while its event loop is stuck.
 */
export const forkEngine: ForkEngine = (entryPath, env) => {
  const launcher = [...parentDeathLauncher(), process.execPath];
  return fork(entryPath, [], {
    env,
    serialization: "json",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execPath: launcher[0],
    execArgv: launcher.slice(1),
  });
};

let knownLauncher: readonly string[] | undefined;

/** Put before a command, starts it with a parent-death signal; empty if the system has none (BusyBox's setpriv lacks this option). */
export function parentDeathLauncher(): readonly string[] {
  knownLauncher ??= hasParentDeathSignal() ? ["setpriv", "--pdeathsig", "KILL"] : [];
  return knownLauncher;
}

function hasParentDeathSignal(): boolean {
  if (process.platform !== "linux") return false;
  return spawnSync("setpriv", ["--pdeathsig", "KILL", "true"], { stdio: "ignore", timeout: 2000 }).status === 0;
}
