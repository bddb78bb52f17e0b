import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { drainOutput } from "@/lib/server/engine/drain-output";
import type { EngineExit } from "@/lib/server/engine/engine-errors";
import { parentDeathLauncher } from "@/lib/server/engine/fork-engine";
import { systemTimers } from "@/lib/server/system/timers";

/** A server that does not end when asked is ended. */
const END_LIMIT_MS = 5_000;
/** The end of its output, for the sentence that says why it ended. */
const KEPT_LINES = 4;

interface ServerProcessOptions {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  onLine(line: string): void;
}

/** A server program that lives as long as we need it, and never longer than we do. */
export class ServerProcess {
  readonly pid: number | null;
  /** Resolves when it has ended, whatever ended it. */
  readonly ended: Promise<EngineExit>;
  readonly lastLines: string[] = [];
  #hasEnded = false;
  readonly #kill: (signal: NodeJS.Signals) => void;

  constructor({ path, args, env, onLine }: ServerProcessOptions) {
    const [command = path, ...rest] = [...parentDeathLauncher(), path, ...args];
    const child = spawn(command, rest, { env, stdio: ["ignore", "pipe", "pipe"] });
    const keep = (line: string): void => {
      this.lastLines.push(line);
      if (this.lastLines.length > KEPT_LINES) this.lastLines.shift();
      onLine(line);
    };
    drainOutput(child.stdout, systemTimers, keep);
    drainOutput(child.stderr, systemTimers, keep);
    this.pid = child.pid ?? null;
    this.#kill = signal => void child.kill(signal);
    this.ended = new Promise(resolve => {
      const end = (exitCode: number | null, signal: string | null): void => {
        this.#hasEnded = true;
        resolve({ exitCode, signal });
      };
      child.once("error", error => {
        keep(error.message);
        end(null, null);
      });
      child.once("exit", end);
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#kill("SIGTERM");
    const giveUp = new AbortController();
    const tooLong = wait(END_LIMIT_MS, true, { signal: giveUp.signal, ref: false }).catch(() => false);
    if (await Promise.race([this.ended.then(() => false), tooLong])) this.#kill("SIGKILL");
    giveUp.abort();
    await this.ended;
  }
}
