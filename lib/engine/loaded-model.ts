import { InsufficientMemoryError, type LlamaContext, type LlamaContextSequence, type LlamaModel } from "node-llama-cpp";
import type { EngineMessage } from "@/lib/schema/engine-messages";
import type { LoadConfig } from "@/lib/schema/load-config";
import { mibToBytes } from "@/lib/units/bytes";
import { bufferSplit, flashAttentionActive } from "./buffer-split";
import { type ResolvedWrapper, resolveWrapper } from "./chat-wrapper";
import { flashAttentionOption, ggmlTypes } from "./dry-run";
import type { LogLine } from "./engine-log";
import type { Generator } from "./generate";
import { CancelledError, JobError } from "./job-error";
import { type LlamaBackend, readVram } from "./llama-backend";

type LoadedMessage = Extract<EngineMessage, { type: "loaded" }>;
export type LoadReport = Omit<LoadedMessage, "type" | "id">;
type LoadPhase = Extract<EngineMessage, { type: "progress" }>["phase"];
export type LoadProgress = (phase: LoadPhase, fraction: number) => void;

interface Loaded {
  readonly model: LlamaModel;
  readonly weightLines: readonly LogLine[];
  readonly chat: ResolvedWrapper;
  context: {
    config: LoadConfig;
    context: LlamaContext;
    sequence: LlamaContextSequence;
    lines: readonly LogLine[];
  } | null;
}

/** The one model of this process: loading another first gives back what is held, so that two are never in memory. */
export class LoadedModel {
  #loaded: Loaded | null = null;
  #weights: Pick<LoadConfig, "modelPath" | "gpuLayers" | "useMmap"> | null = null;

  constructor(private readonly backend: LlamaBackend) {}

  /** @throws JobError MODEL_NOT_FOUND when nothing is loaded */
  generator(): Generator {
    const { chat, context } = this.#require();
    return {
      llama: this.backend.llama,
      sequence: context.sequence,
      chatWrapper: chat.wrapper,
      batchTokens: context.config.batchTokens,
    };
  }

  /**
   * Loads exactly this configuration. Weights that may stay do stay: then only the context is made anew.
   *
   * @throws JobError OUT_OF_MEMORY with the deficit where the backend told it, CANCELLED, or ENGINE_FAILED with llama.cpp's own reason
   */
  async load(config: LoadConfig, onProgress: LoadProgress, signal: AbortSignal): Promise<LoadReport> {
    const startedMs = performance.now();
    const keepsWeights = this.#loaded !== null && sameWeights(this.#weights, config);
    if (keepsWeights && sameContext(this.#loaded?.context?.config, config))
      return this.#report(config, "everything", startedMs, null);
    await this.#disposeContext();
    if (!keepsWeights) await this.unload();
    const vramBefore = await readVram(this.backend);
    if (!keepsWeights) await this.#loadWeights(config, onProgress, signal);
    onProgress("context", 0);
    await this.#createContext(config, signal);
    return this.#report(config, keepsWeights ? "weights" : "nothing", startedMs, vramBefore);
  }

  async unload(): Promise<void> {
    await this.#disposeContext();
    await this.#loaded?.model.dispose();
    this.#loaded = null;
    this.#weights = null;
  }

  async #loadWeights(config: LoadConfig, onProgress: LoadProgress, signal: AbortSignal): Promise<void> {
    const kvType = ggmlTypes[config.kvType];
    const lines = this.#linesFrom();
    const model = await this.#attempt(
      this.backend.llama.loadModel({
        modelPath: config.modelPath,
        gpuLayers: config.gpuLayers,
        useMmap: config.useMmap,
        // The library's own resource check knows the KV types only from here (trap 8).
        experimentalDefaultContextKvCacheKeyType: kvType,
        experimentalDefaultContextKvCacheValueType: kvType,
        defaultContextFlashAttention: flashAttentionOption(config.flashAttention),
        // What fits was decided by the plan; the library would refuse by its older, rougher estimate.
        ignoreMemorySafetyChecks: true,
        loadSignal: signal,
        onLoadProgress: fraction => onProgress("weights", fraction),
      }),
      signal,
    );
    this.#loaded = { model, weightLines: lines(), chat: resolveWrapper(model), context: null };
    this.#weights = config;
  }

  async #createContext(config: LoadConfig, signal: AbortSignal): Promise<void> {
    const loaded = this.#loaded;
    if (loaded === null) throw notLoaded();
    const kvType = ggmlTypes[config.kvType];
    const lines = this.#linesFrom();
    const context = await this.#attempt(
      loaded.model.createContext({
        contextSize: config.contextTokens,
        batchSize: config.batchTokens,
        sequences: config.sequences,
        flashAttention: flashAttentionOption(config.flashAttention),
        experimentalKvCacheKeyType: kvType,
        experimentalKvCacheValueType: kvType,
        threads: { ideal: config.threads, min: config.threads },
        ignoreMemorySafetyChecks: true,
        failedCreationRemedy: false,
        createSignal: signal,
      }),
      signal,
    );
    loaded.context = { config, context, sequence: context.getSequence(), lines: lines() };
  }

  async #report(
    config: LoadConfig,
    reused: LoadReport["reused"],
    startedMs: number,
    vramBefore: LoadReport["vramBefore"],
  ): Promise<LoadReport> {
    const { model, chat, context } = this.#require();
    return {
      config,
      buffers: {
        gpuWeightsBytes: model.memoryUsage.vram,
        gpuContextBytes: context.context.memoryUsage.vram,
        ramWeightsBytes: model.memoryUsage.ram,
        ramContextBytes: context.context.memoryUsage.ram,
      },
      split: bufferSplit(context.lines),
      reused,
      elapsedMs: performance.now() - startedMs,
      vramBefore,
      vramAfter: await readVram(this.backend),
      flashAttentionActive: flashAttentionActive(context.lines),
      templateWarning: chat.warning,
    };
  }

  async #disposeContext(): Promise<void> {
    const context = this.#loaded?.context;
    if (!this.#loaded || !context) return;
    this.#loaded.context = null;
    context.sequence.dispose();
    await context.context.dispose();
  }

  #require(): Loaded & { context: NonNullable<Loaded["context"]> } {
    const loaded = this.#loaded;
    if (!loaded?.context) throw notLoaded();
    return { ...loaded, context: loaded.context };
  }

  #linesFrom(): () => readonly LogLine[] {
    const mark = this.backend.log.mark();
    return () => this.backend.log.since(mark);
  }

  /** Gives a failed load the reason that only the log has (trap 9). */
  async #attempt<Result>(loading: Promise<Result>, signal: AbortSignal): Promise<Result> {
    const mark = this.backend.log.mark();
    try {
      return await loading;
    } catch (error) {
      if (signal.aborted) throw new CancelledError();
      throw loadError(error, this.backend.log.since(mark));
    }
  }
}

const notLoaded = () => new JobError("MODEL_NOT_FOUND", "No model is loaded.");

const sameWeights = (
  held: Pick<LoadConfig, "modelPath" | "gpuLayers" | "useMmap"> | null,
  wanted: LoadConfig,
): boolean =>
  held?.modelPath === wanted.modelPath && held.gpuLayers === wanted.gpuLayers && held.useMmap === wanted.useMmap;

const sameContext = (held: LoadConfig | undefined, wanted: LoadConfig): boolean =>
  held !== undefined &&
  held.contextTokens === wanted.contextTokens &&
  held.batchTokens === wanted.batchTokens &&
  held.sequences === wanted.sequences &&
  held.kvType === wanted.kvType &&
  held.flashAttention === wanted.flashAttention &&
  held.threads === wanted.threads;

/** What the backends print when an allocation fails: ggml-backend.cpp, ggml-cuda.cu, ggml-vulkan.cpp. */
const OUT_OF_MEMORY =
  /out of memory|failed to allocate|ErrorOutOfDeviceMemory|unable to allocate|cudaMalloc failed|insufficient/i;
const ALLOCATION_SIZE = /(?:allocate|allocating|of size)\D*([\d.]+) (MiB|bytes|B)?/i;

function loadError(error: unknown, lines: readonly LogLine[]): JobError {
  const complaints = lines.filter(line => line.level === "error").map(line => line.text);
  const own = error instanceof Error ? error.message : String(error);
  const reason = complaints.length > 0 ? `${own}: ${complaints.slice(-3).join(" | ")}` : own;
  const outOfMemory = error instanceof InsufficientMemoryError || OUT_OF_MEMORY.test(reason);
  if (!outOfMemory)
    return new JobError("ENGINE_FAILED", `llama.cpp could not load this: ${reason}`, {}, { cause: error });
  const [, amount, unit] = ALLOCATION_SIZE.exec(complaints.join("\n")) ?? [];
  const deficitBytes =
    amount === undefined ? undefined : unit === "MiB" ? mibToBytes(Number(amount)) : Math.round(Number(amount));
  return new JobError("OUT_OF_MEMORY", reason, deficitBytes === undefined ? {} : { deficitBytes }, { cause: error });
}
