import { type EngineCommand, type EngineMessage, messageEnvelopeSchema } from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import { escapeLine } from "@/lib/server/system/escape-line";
import type { LogWriter } from "@/lib/server/system/log";
import type { Timers } from "@/lib/server/system/timers";
import { drainOutput } from "./drain-output";
import type { EngineExit } from "./engine-errors";
import type { ForkedProcess } from "./fork-engine";

/** `off`: started without a GPU, for a model that has no layers on the GPU. */
export type EngineMode = "configured" | "off";

export interface ChildLimits {
  /** How often silence is counted. The child sends a heartbeat at the same interval. */
  readonly watchIntervalMs: number;
  /** Silent intervals in a row after which a running child counts as stuck. */
  readonly silentIntervals: number;
  /** The same limit during the start: opening a GPU driver may block the child's event loop for long. */
  readonly silentIntervalsAtStart: number;
  /** From SIGTERM to SIGKILL. */
  readonly killAfterMs: number;
}

export interface EngineChildExit extends EngineExit {
  /** Why we ended it, when it was stuck. */
  readonly hung: string | null;
}

export interface ChildEvents {
  onMessage(message: EngineMessage): void;
  readonly onLog: LogWriter;
  /** Called once, whatever ended the child. */
  onExit(exit: EngineChildExit): void;
}

/** One engine process from start to end: checks its messages, watches that it is alive, and makes sure that it ends. */
export class EngineChild {
  info: EngineInfo | null = null;
  /** How many times it sent something invalid. */
  garbageCount = 0;
  #silent = 0;
  #hung: string | null = null;
  #exited = false;
  #cancelTimers: (() => void)[] = [];

  constructor(
    readonly generation: number,
    readonly mode: EngineMode,
    private readonly engineProcess: ForkedProcess,
    private readonly limits: ChildLimits,
    private readonly timers: Timers,
    private readonly events: ChildEvents,
  ) {
    engineProcess.on("message", (raw: unknown) => this.#receive(raw));
    engineProcess.on("exit", (exitCode: number | null, signal: string | null) => this.#exit({ exitCode, signal }));
    engineProcess.on("error", (error: Error) => this.#onProcessError(error));
    // A child without its pipe is useless, and would end itself if it could.
    engineProcess.on("disconnect", () => this.engineProcess.kill("SIGKILL"));
    drainOutput(engineProcess.stdout, timers, line => events.onLog("info", line));
    drainOutput(engineProcess.stderr, timers, line => events.onLog("warn", line));
    this.#watch();
  }

  get pid(): number | undefined {
    return this.engineProcess.pid;
  }

  send(command: EngineCommand): void {
    // A pipe that is already closed reports through the callback; the exit event follows.
    this.engineProcess.send({ generation: this.generation, command }, () => {});
  }

  /** Sends SIGTERM, and SIGKILL when SIGTERM has not worked in time. `onExit` reports the end. */
  stop(): void {
    this.engineProcess.kill("SIGTERM");
    this.#cancelTimers.push(this.timers.after(this.limits.killAfterMs, () => this.engineProcess.kill("SIGKILL")));
  }

  /** For a child that does not respond: SIGTERM would wait for it. */
  killAsHung(why: string): void {
    this.#hung = why;
    this.engineProcess.kill("SIGKILL");
  }

  #receive(raw: unknown): void {
    const envelope = messageEnvelopeSchema.safeParse(raw);
    if (!envelope.success) {
      this.#countGarbage();
      return;
    }
    if (this.#exited || envelope.data.generation !== this.generation) return;
    this.#silent = 0;
    for (const message of envelope.data.messages) {
      if (message.type === "ready") this.info = message.info;
      if (message.type === "log") this.events.onLog(message.level, escapeLine(message.text));
      this.events.onMessage(message);
    }
  }

  #countGarbage(): void {
    this.garbageCount += 1;
    const isPowerOfTwo = (this.garbageCount & (this.garbageCount - 1)) === 0;
    if (isPowerOfTwo)
      this.events.onLog("warn", `engine sent ${this.garbageCount} message(s) that were dropped as invalid`);
  }

  /**
   * Counts intervals without a message instead of comparing clocks: after the computer slept, one late interval does
   * not prove that a child is stuck.
   */
  #watch(): void {
    const { watchIntervalMs, silentIntervals, silentIntervalsAtStart } = this.limits;
    const cancel = this.timers.after(watchIntervalMs, () => {
      this.#cancelTimers = this.#cancelTimers.filter(other => other !== cancel);
      this.#silent += 1;
      const allowed = this.info === null ? silentIntervalsAtStart : silentIntervals;
      if (this.#silent < allowed) this.#watch();
      else this.killAsHung(`The engine process gave no sign of life for ${(allowed * watchIntervalMs) / 1000} s.`);
    });
    this.#cancelTimers.push(cancel);
  }

  #onProcessError(error: Error): void {
    this.events.onLog("error", escapeLine(`engine process: ${error.message}`));
    // Node reports a process that could not be started only here.
    if (this.engineProcess.pid === undefined) this.#exit({ exitCode: null, signal: null });
  }

  #exit(exit: EngineExit): void {
    if (this.#exited) return;
    this.#exited = true;
    for (const cancel of this.#cancelTimers) cancel();
    this.events.onExit({ ...exit, hung: this.#hung });
  }
}
