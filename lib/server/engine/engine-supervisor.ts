import { basename } from "node:path";
import type { DryRunBuffers } from "@/lib/plan/memory/mend-surface";
import {
  type ChatTurn,
  type CommandAnswer,
  type CommandName,
  type CommandParams,
  type CommandProgress,
  type EngineMessage,
  isAnswerTo,
  type JobCommand,
  type JobMessage,
  type PromptOptions,
  type Vram,
} from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { EngineSnapshot, EngineState } from "@/lib/schema/live-events";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { Listeners } from "@/lib/server/system/listeners";
import { systemTimers, type Timers } from "@/lib/server/system/timers";
import type { EngineMode } from "./engine-child";
import { EngineDispatcher } from "./engine-dispatcher";
import { EngineCancelledError, EngineError, EngineLostTurnError } from "./engine-errors";
import { EngineJob, type JobOptions } from "./engine-job";
import { EngineLifecycle, type LifecycleOptions } from "./engine-lifecycle";
import { type EngineLimits, engineLimits } from "./engine-limits";
import { type ForkEngine, forkEngine } from "./fork-engine";
import { Inbox } from "./inbox";

export type LoadedMessage = CommandAnswer<"load">;
/** Said by the supervisor while others are answered first, chats and clients of the API alike; position 1 is next. */
interface QueuedMessage {
  readonly type: "queued";
  readonly position: number;
}
export type GenerationMessage = QueuedMessage | CommandProgress<"generate"> | CommandAnswer<"generate">;
export type GenerateRequest = CommandParams<"generate">;
export type CompleteRequest = CommandParams<"complete">;

export interface LoadOptions {
  readonly onProgress?: ((progress: { phase: string; fraction: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineSupervisorOptions extends Pick<LifecycleOptions, "entryPath" | "gpu" | "onLog"> {
  readonly build?: "prebuilt" | "lastBuild";
  /** Our own environment; the child gets only an allow-list of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fork?: ForkEngine;
  readonly timers?: Timers;
  readonly limits?: Partial<EngineLimits>;
}

/** Facts about the load that only its planner knows. */
export type LoadedFacts = Pick<
  EngineSnapshot,
  "modelName" | "totalLayers" | "held" | "hasChatTemplate" | "flashAttentionActive"
>;
const noFacts: LoadedFacts = {
  modelName: null,
  totalLayers: null,
  held: null,
  hasChatTemplate: null,
  flashAttentionActive: null,
};

export interface SurfaceRequest {
  readonly useMmap: boolean;
  readonly budgetMs?: number;
  /** No GPU to ask about: system memory only. */
  readonly ramOnly?: boolean;
}

/**
 * The one engine as the web server sees it: commands that answer or throw an EngineError, and a snapshot for everyone.
 * Nothing that happens in the child can harm the web server.
 *
 * The state is never stored: it follows from the child, the command it works on and what it has loaded.
 */
export class EngineSupervisor {
  readonly #lifecycle: EngineLifecycle;
  readonly #dispatcher: EngineDispatcher;
  readonly #listeners = new Listeners();
  #commandCount = 0;
  #loaded: LoadConfig | null = null;
  #facts: LoadedFacts = noFacts;
  #progress: EngineSnapshot["progress"] = null;
  #loadNotice: string | null = null;
  #loadError: EngineSnapshot["error"] = null;
  #vramReading: Promise<Vram | null> | null = null;

  constructor(options: EngineSupervisorOptions) {
    const limits = { ...engineLimits, ...options.limits };
    const timers = options.timers ?? systemTimers;
    const fork = options.fork ?? forkEngine;
    const onChange = this.#listeners.notify;
    this.#lifecycle = new EngineLifecycle(
      { ...options, build: options.build ?? "prebuilt", fork, timers, limits },
      {
        onReady: () => this.#dispatcher.pump(),
        onMessage: message => this.#dispatcher.receive(message),
        onStopped: () => this.#onStopped(),
        onCrashed: error => this.#onCrashed(error),
        onChange,
      },
    );
    this.#dispatcher = new EngineDispatcher(this.#lifecycle, limits, timers, {
      onBegin: command => this.#onBegin(command),
      onMessage: message => this.#onMessage(message),
      onChange,
      answersAtOnce: () => this.#loaded?.sequences ?? 1,
    });
  }

  snapshot(): EngineSnapshot {
    const { failure, machine, child, crashNotice, generation, restarts } = this.#lifecycle;
    return {
      state: this.#state(),
      generation,
      // People still want to see the machine's devices while a child runs without the GPU.
      info: machine?.info ?? child?.info ?? null,
      ...this.#facts,
      config: this.#loaded,
      progress: this.#progress,
      error: failure === null ? this.#loadError : { code: failure.code, message: failure.message },
      notice: [crashNotice, this.#loadNotice].filter(text => text !== null).join(" ") || null,
      answering: this.#dispatcher.answeringCount,
      queueLength: this.#dispatcher.waitingCount,
      loadWaits: this.#dispatcher.loadWaits,
      restarts,
    };
  }

  /** Process id of the child, for code that watches its memory. */
  get pid(): number | null {
    return this.#lifecycle.child?.pid ?? null;
  }

  readonly subscribe = this.#listeners.subscribe;

  /** Adds the planner's facts about the loaded model to the snapshot. */
  describeLoaded(facts: LoadedFacts): void {
    if (this.#loaded !== null) this.#facts = facts;
    this.#listeners.notify();
  }

  /** Shows why the requested model is not loaded, or what was lowered to load it. */
  announce(outcome: { readonly error: EngineSnapshot["error"]; readonly notice: string | null }): void {
    this.#loadError = outcome.error;
    this.#loadNotice = outcome.notice;
    this.#listeners.notify();
  }

  /** Announces the snapshot again, after a change in what others add to it. */
  readonly announceAgain = this.#listeners.notify;

  /** Waits for a child that is running. Every command does this by itself. */
  start(): Promise<EngineInfo> {
    return this.#lifecycle.start();
  }

  /** Starts a fresh child, also after too many crashes. Running commands are cancelled; requests that wait lose only their turn. */
  async restart(): Promise<void> {
    const why = new EngineCancelledError("The engine is being restarted.");
    this.#dispatcher.failAll(why, new EngineLostTurnError(why));
    await this.#lifecycle.stop(why);
    await this.start();
  }

  /** Ends the child: the only sure way to give all of its memory back. The next command starts another. */
  unload(): Promise<void> {
    const why = new EngineCancelledError("The model is being unloaded.");
    this.#dispatcher.failAll(why);
    return this.#lifecycle.stop(why);
  }

  /** Ends the child for good. */
  shutdown(): Promise<void> {
    const why = new EngineCancelledError("Headroom is shutting down.");
    this.#dispatcher.failAll(why);
    return this.#lifecycle.close(why);
  }

  /** Fills a surface with dry runs, in the gaps between other commands. BUSY while the child runs without the GPU in question. */
  async fillSurface(
    modelPath: string,
    surface: MemorySurface,
    { ramOnly = false, ...options }: SurfaceRequest,
    signal?: AbortSignal,
  ): Promise<MemorySurface> {
    await this.start();
    if (!ramOnly && this.#lifecycle.child?.mode === "off")
      throw new EngineError("BUSY", "The engine runs without the GPU at the moment.");
    return (await this.#askAside("fill-surface", { modelPath, surface, ...options }, signal)).surface;
  }

  /** If a load waits for the answers in progress, this ends them and the load starts now. */
  loadNow(): void {
    if (this.#dispatcher.loadWaits) this.#dispatcher.cancelAnswers("Ended for the model to be loaded.");
  }

  async dryRun(config: LoadConfig, signal?: AbortSignal): Promise<DryRunBuffers> {
    const options = { rank: "model", mode: modeFor(config) } as const;
    const { buffers, devices } = await this.#ask("dry-run", { config }, options, signal);
    return { ...buffers, devices };
  }

  /**
   * Loads a model after the answers in progress and before everything else that waits. The newest load wins: older ones are
   * told CANCELLED at once, and the child finishes or drops one before it begins the next.
   */
  load(config: LoadConfig, { onProgress, signal }: LoadOptions = {}): Promise<LoadedMessage> {
    this.#dispatcher.cancelAll("load", "Another load was asked for.");
    const onMessage = (message: EngineMessage) => {
      if (message.type === "progress") onProgress?.({ phase: message.phase, fraction: message.fraction });
    };
    const options = { rank: "model", mode: modeFor(config), onMessage } as const;
    return this.#ask("load", { config }, options, signal);
  }

  /** @throws EngineError */
  generate(request: GenerateRequest, signal?: AbortSignal, caller?: string): AsyncIterable<GenerationMessage> {
    return this.#stream("generate", request, signal, caller);
  }

  /** @throws EngineError */
  complete(request: CompleteRequest, signal?: AbortSignal, caller?: string): AsyncIterable<GenerationMessage> {
    return this.#stream("complete", request, signal, caller);
  }

  /** These ask about the loaded model. They wait for a load, but not for an answer in progress. */
  count(turns: ChatTurn[], options: PromptOptions = {}): Promise<CommandAnswer<"count">> {
    return this.#question("count", { turns, ...options });
  }

  tokenize(params: CommandParams<"tokenize">): Promise<CommandAnswer<"tokenize">> {
    return this.#question("tokenize", params);
  }

  detokenize(params: CommandParams<"detokenize">): Promise<CommandAnswer<"detokenize">> {
    return this.#question("detokenize", params);
  }

  render(params: CommandParams<"render">): Promise<CommandAnswer<"render">> {
    return this.#question("render", params);
  }

  describe(): Promise<CommandAnswer<"describe">> {
    return this.#question("describe", {});
  }

  /** Loads the embedding model if it is another one. */
  embed(params: CommandParams<"embed">, signal?: AbortSignal, caller?: string): Promise<CommandAnswer<"embed">> {
    return this.#ask("embed", params, { rank: "request", mode: "off", caller }, signal);
  }

  /** Memory of the device as its backend reports it. While the child runs without the device: the last reading, or null if there is none. */
  async vram(): Promise<Vram | null> {
    const { child, failure, machine } = this.#lifecycle;
    if (child?.mode === "off" || failure !== null) return machine?.vram ?? null;
    const info = await this.start();
    if (!info.gpuUsable) return null;
    this.#vramReading ??= this.#askAside("vram", {})
      .then(answer => answer.vram)
      .finally(() => {
        this.#vramReading = null;
      });
    return this.#vramReading;
  }

  /** While a model is loaded, a load that waits is no reason to wait too. */
  #question<Name extends CommandName>(name: Name, params: CommandParams<Name>): Promise<CommandAnswer<Name>> {
    return this.#loaded === null
      ? this.#ask(name, params, { rank: "question", mode: null })
      : this.#askAside(name, params);
  }

  async #ask<Name extends CommandName>(
    name: Name,
    params: CommandParams<Name>,
    options: JobOptions,
    signal?: AbortSignal,
  ): Promise<CommandAnswer<Name>> {
    const job = this.#job(name, params, options);
    this.#dispatcher.submit(job, signal);
    return requireAnswer(name, await job.answer);
  }

  async #askAside<Name extends CommandName>(
    name: Name,
    params: CommandParams<Name>,
    signal?: AbortSignal,
  ): Promise<CommandAnswer<Name>> {
    await this.start();
    const job = this.#job(name, params, { rank: "request", mode: null });
    this.#dispatcher.submitAside(job, signal);
    return requireAnswer(name, await job.answer);
  }

  async *#stream<Name extends "generate" | "complete">(
    name: Name,
    params: CommandParams<Name>,
    signal?: AbortSignal,
    caller?: string,
  ): AsyncGenerator<GenerationMessage, void, undefined> {
    const inbox = new Inbox<GenerationMessage>();
    const onMessage = (message: EngineMessage) => {
      if (message.type === "prompt" || message.type === "prefill") inbox.push(message);
      if (message.type === "text" || message.type === "tool-call") inbox.push(message);
    };
    const job = this.#job(name, params, { rank: "request", mode: null, caller, onMessage });
    this.#dispatcher.submit(job, signal);
    job.answer.then(
      answer => inbox.closeWith(requireAnswer("generate", answer)),
      error => inbox.fail(error),
    );
    const stopReporting = this.#reportPosition(job, position => inbox.push({ type: "queued", position }));
    try {
      yield* inbox;
    } finally {
      stopReporting();
      this.#dispatcher.cancel(job, "Nobody waits for this answer any more.");
    }
  }

  /**
   * Calls back with the job's place in the queue, now and whenever it is nearer. A caller who comes later may have a turn before it; the
   * reported place does not grow again, and is true once those have had theirs. @returns ends it
   */
  #reportPosition(job: EngineJob, report: (position: number) => void): () => void {
    let reported = Number.POSITIVE_INFINITY;
    const reportNearer = () => {
      const position = this.#dispatcher.positionOf(job);
      if (position === null || position >= reported) return;
      report(position);
      reported = position;
    };
    reportNearer();
    return this.subscribe(reportNearer);
  }

  #job<Name extends CommandName>(name: Name, params: CommandParams<Name>, options: JobOptions): EngineJob {
    this.#commandCount += 1;
    const command = { ...params, type: name, id: `c${this.#commandCount}` };
    return new EngineJob(command as unknown as JobCommand, options);
  }

  #onBegin(command: JobCommand): void {
    // From here on the old model is being replaced, even if the new one fails to load.
    if (command.type === "load") this.#forgetLoaded(basename(command.config.modelPath));
  }

  #onMessage(message: JobMessage): void {
    this.#progress = message.type === "progress" ? { phase: message.phase, fraction: message.fraction } : null;
    if (message.type === "loaded") this.#loaded = message.config;
    if (message.type === "finished") this.#lifecycle.recordSuccess();
    if (message.type === "progress") this.#listeners.notify();
  }

  /** Commands that were not sent yet go to the next child. */
  #onStopped(): void {
    this.#forgetLoaded(null);
    this.#dispatcher.failSent(new EngineCancelledError("The engine process was replaced."));
    this.#dispatcher.pump();
  }

  #onCrashed(error: EngineError): void {
    this.#forgetLoaded(null);
    this.#dispatcher.failAll(error, new EngineLostTurnError(error));
  }

  #forgetLoaded(nextModelName: string | null): void {
    this.#loaded = null;
    this.#facts = { ...noFacts, modelName: nextModelName };
    this.#progress = null;
  }

  #state(): EngineState {
    const { state } = this.#lifecycle;
    if (state !== "up") return state;
    const busyWith = this.#dispatcher.activeCommand?.type;
    if (busyWith === "load") return "loading";
    if (busyWith === "generate" || busyWith === "complete") return "generating";
    return this.#loaded === null ? "ready" : "loaded";
  }
}

/** Zero layers on a GPU backend still take GPU memory (engine.md, trap 4): such a model needs a child without a GPU. */
const modeFor = (config: LoadConfig): EngineMode => (config.gpuLayers === 0 ? "off" : "configured");

function requireAnswer<Name extends CommandName>(name: Name, message: EngineMessage): CommandAnswer<Name> {
  if (isAnswerTo(name, message)) return message;
  throw new EngineError("INTERNAL", `The engine answered ${message.type} to ${name}.`);
}
