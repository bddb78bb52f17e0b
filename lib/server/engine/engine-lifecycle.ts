import type { EngineMessage, JobMessage, Vram } from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { PlacementLever } from "@/lib/schema/plans/placement";
import type { Timers } from "@/lib/server/system/timers";
import { CrashBreaker } from "./crash-breaker";
import { EngineChild, type EngineChildExit, type EngineMode } from "./engine-child";
import { engineEnvironment } from "./engine-environment";
import {
  EngineCancelledError,
  EngineCrashedError,
  type EngineError,
  EngineFailedError,
  EngineHungError,
} from "./engine-errors";
import type { EngineLimits } from "./engine-limits";
import type { ForkEngine, GpuChoice } from "./fork-engine";

/** Messages that answer a command. */

export interface LifecycleOptions {
  readonly entryPath: string;
  readonly gpu: GpuChoice;
  readonly build: "prebuilt" | "lastBuild";
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fork: ForkEngine;
  readonly timers: Timers;
  readonly limits: EngineLimits;
  onLog(level: "error" | "warn" | "info" | "debug", text: string): void;
}

export interface LifecycleEvents {
  onReady(): void;
  onMessage(message: JobMessage): void;
  /** The child ended as requested; waiting commands may go to the next one. */
  onStopped(): void;
  onCrashed(error: EngineError): void;
  onChange(): void;
}

interface StartWaiter {
  resolve(info: EngineInfo): void;
  reject(error: EngineError): void;
}

/** Makes sure that at most one child runs, that a crashed child is replaced, and that a crash loop ends. Knows nothing of commands. */
export class EngineLifecycle {
  child: EngineChild | null = null;
  generation = 0;
  /** The mode of the next child; a running child has its own. */
  nextMode: EngineMode = "configured";
  /** What the child reported about the machine when it last ran in the configured mode. */
  machine: { readonly info: EngineInfo; readonly vram: Vram | null } | null = null;
  failure: EngineFailedError | null = null;
  crashNotice: string | null = null;
  restarts = 0;
  readonly #breaker: CrashBreaker;
  #startWaiters: StartWaiter[] = [];
  #callOffRestart: (() => void) | null = null;
  #stopping: { readonly done: Promise<void>; readonly resolve: () => void } | null = null;
  #closed = false;

  constructor(
    private readonly options: LifecycleOptions,
    private readonly events: LifecycleEvents,
  ) {
    this.#breaker = new CrashBreaker(options.limits);
  }

  /** The child, if it can take a command now. */
  get readyChild(): EngineChild | null {
    return this.#stopping === null && this.child?.info ? this.child : null;
  }

  get state(): "stopped" | "starting" | "up" | "stopping" | "failed" {
    if (this.#stopping !== null) return "stopping";
    if (this.failure !== null) return "failed";
    if (this.child === null) return this.#callOffRestart === null ? "stopped" : "starting";
    return this.child.info === null ? "starting" : "up";
  }

  /** Why no command is accepted now; null when commands are accepted. */
  refusal(): EngineError | null {
    if (this.#closed) return new EngineCancelledError("Headroom is shutting down.");
    if (this.failure === null) return null;
    if (this.#breaker.isOpen(this.options.timers.nowMs())) return this.failure;
    this.failure = null;
    return null;
  }

  /** Waits for a child that is running; starts one if there is none. */
  start(): Promise<EngineInfo> {
    if (this.readyChild?.info) return Promise.resolve(this.readyChild.info);
    const refusal = this.refusal();
    if (refusal !== null) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.#startWaiters.push({ resolve, reject });
      this.ensureChild();
    });
  }

  /** Starts a child, unless one exists or is about to end or start. */
  ensureChild(): void {
    if (this.child !== null || this.#stopping !== null || this.#callOffRestart !== null) return;
    this.generation += 1;
    this.child = this.#fork();
    this.events.onChange();
  }

  /** Whether the present child, or else the next one, suits a command that wants this mode. */
  suits(mode: EngineMode | null): boolean {
    const machineHasGpu = this.options.gpu !== "off" && this.machine?.info.gpuUsable !== false;
    return mode === null || mode === (this.child?.mode ?? this.nextMode) || !machineHasGpu;
  }

  /** Ends the child because someone asked for it. Its earlier crashes no longer count. */
  async stop(why: EngineCancelledError): Promise<void> {
    for (const waiter of this.#startWaiters.splice(0)) waiter.reject(why);
    this.#breaker.forgive();
    this.failure = null;
    this.crashNotice = null;
    this.#callOffRestart?.();
    this.#callOffRestart = null;
    this.nextMode = "configured";
    await this.stopChild();
    this.events.onChange();
  }

  /** Ends the child and refuses every later command. */
  async close(why: EngineCancelledError): Promise<void> {
    this.#closed = true;
    await this.stop(why);
  }

  /** The child answered a command. */
  recordSuccess(): void {
    this.#breaker.forgive();
    this.crashNotice = null;
  }

  #fork(): EngineChild {
    const { entryPath, env, gpu, build, fork, limits, timers, onLog } = this.options;
    const environment = engineEnvironment(env, {
      gpu: this.nextMode === "off" ? "off" : gpu,
      build,
      generation: this.generation,
    });
    return new EngineChild(this.generation, this.nextMode, fork(entryPath, environment), limits, timers, {
      onMessage: message => this.#onMessage(message),
      onLog,
      onExit: exit => this.#onExit(exit),
    });
  }

  #onMessage(message: EngineMessage): void {
    if (message.type === "ready") this.#onReady(message);
    else if (message.type === "placement") this.#onPlacement(message.lever);
    else if (message.type !== "heartbeat" && message.type !== "log") this.events.onMessage(message);
  }

  #onReady({ info, vram }: Extract<EngineMessage, { type: "ready" }>): void {
    if (this.#stopping !== null) return;
    if (this.child?.mode === "configured") this.machine = { info, vram };
    for (const waiter of this.#startWaiters.splice(0)) waiter.resolve(info);
    this.events.onReady();
    this.events.onChange();
  }

  /** Lasts until the child is replaced, which tries again. */
  #onPlacement(placement: PlacementLever): void {
    if (this.machine !== null) this.machine = { ...this.machine, info: { ...this.machine.info, placement } };
    this.events.onChange();
  }

  #onExit(exit: EngineChildExit): void {
    this.child = null;
    if (this.#stopping === null) {
      this.#onCrash(exit.hung === null ? new EngineCrashedError(exit) : new EngineHungError(exit.hung));
    } else {
      this.#stopping.resolve();
      this.#stopping = null;
      this.events.onStopped();
      if (this.#startWaiters.length > 0) this.ensureChild();
    }
    this.events.onChange();
  }

  #onCrash(error: EngineCrashedError | EngineHungError): void {
    this.options.onLog("error", error.message);
    const delayMs = this.#breaker.recordCrash(this.options.timers.nowMs());
    if (delayMs === null) this.#giveUp(error);
    else this.#restartAfter(delayMs, error);
    this.events.onCrashed(error);
  }

  #giveUp(last: EngineError): void {
    const { crashes, windowMs } = this.options.limits;
    this.failure = new EngineFailedError(crashes, windowMs, last.message);
    this.crashNotice = null;
    for (const waiter of this.#startWaiters.splice(0)) waiter.reject(this.failure);
  }

  #restartAfter(delayMs: number, error: EngineCrashedError | EngineHungError): void {
    this.restarts += 1;
    this.crashNotice = `${error.message} It is started again by itself.`;
    this.#callOffRestart = this.options.timers.after(delayMs, () => {
      this.#callOffRestart = null;
      this.ensureChild();
    });
  }

  /** Ends the child so that the next step can follow. */
  stopChild(): Promise<void> {
    if (this.#stopping !== null) return this.#stopping.done;
    if (this.child === null) return Promise.resolve();
    let resolve = () => {};
    const done = new Promise<void>(settle => {
      resolve = settle;
    });
    this.#stopping = { done, resolve };
    this.child.stop();
    this.events.onChange();
    return done;
  }
}
