import { basename } from "node:path";
import type { LlamaContextOptions, LlamaModel, LlamaModelOptions, Tokenizer } from "node-llama-cpp";
import { draftConfigOf } from "@/lib/plan/memory/draft-config";
import { needsFlashAttention } from "@/lib/plan/memory/usable-kv-types";
import type { CommandAnswer } from "@/lib/schema/engine-commands";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { threadsFor } from "../backend/free-cores";
import { type LlamaBackend, readVram } from "../backend/llama-backend";
import { placementKey } from "../backend/placer";
import { checkTensor } from "../backend/tensor-limit";
import { type DryRun, flashAttentionOption, ggmlTypesOf } from "../dry-runs/dry-run";
import { fileMark } from "../dry-runs/file-mark";
import { JobError } from "../job-error";
import { KvKeeper } from "../kept-kv/kv-keeper";
import { AFTER_BUFFERS_LINE, bufferSplit, flashAttentionActive } from "../memory/buffer-split";
import { countedBuffers } from "../memory/counted-buffers";
import { checkMemory } from "../memory/memory-guard";
import { ChatTemplate } from "../prompt/chat-template";
import { NEXT_TURN_PAUSE_MS } from "../prompt/next-turn";
import { rememberingTokenizer } from "../prompt/remembering-tokenizer";
import { PauseWork } from "../sequences/pause-work";
import { SequencePool } from "../sequences/sequence-pool";
import { WholeBatches } from "../sequences/whole-batches";
import { DraftModel } from "../speculation/draft-model";
import { templateSandbox } from "../template-sandbox/template-sandbox";
import { ToolTemplate } from "../tools/tool-template";
import { loadError } from "./load-error";
import type { LoadedModel } from "./loaded-model";

type LoadReport = Omit<CommandAnswer<"load">, "type" | "id">;

export interface StepProgress {
  readonly phase: "weights" | "context";
  readonly fraction: number;
}

export interface LoadHooks {
  readonly signal: AbortSignal;
  onProgress(progress: StepProgress): void;
}

interface Weights {
  readonly config: LoadConfig;
  readonly model: LlamaModel;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly toolTemplate: ToolTemplate | null;
  /** Changes when the file was replaced under the same name. */
  readonly file: string;
}

/** Holds the loaded model; loads, replaces and unloads it. There are never two: the old one is unloaded before the new one is loaded. */
export class ModelHolder {
  #weights: Weights | null = null;
  #loaded: LoadedModel | null = null;
  #draft: DraftModel | null = null;
  /** Files whose chat template is no longer rendered, because node-llama-cpp's own code for it was chosen. */
  readonly #unrendered = new Set<string>();

  constructor(
    private readonly backend: LlamaBackend,
    private readonly openDryRun: (modelPath: string) => Promise<DryRun>,
  ) {}

  get loaded(): LoadedModel | null {
    return this.#loaded;
  }

  /** Takes effect with the next step. The configuration's number of threads is the upper limit. */
  limitThreads(freeCores: number): void {
    const configuredThreads = this.#loaded?.config.threads;
    if (configuredThreads !== undefined) this.backend.llama.maxThreads = threadsFor(freeCores, configuredThreads);
  }

  /** After a failure no context is loaded. The weights stay if they were already loaded and can be used for this load. */
  async load(requested: LoadConfig, options: LoadHooks): Promise<LoadReport> {
    const beganMs = performance.now();
    const config = this.backend.info.gpuUsable ? requested : withoutGpu(requested);
    checkConfig(config);
    const file = await fileMark(config.modelPath);
    const reused = this.#reuse(config, file);
    const mark = this.backend.log.mark();
    try {
      if (reused !== "everything") await this.#disposeContext();
      if (reused === "nothing") await this.#disposeWeights();
      await this.#disposeOtherDraft(config);
      const vramBefore = await readVram(this.backend);
      if (reused !== "everything") await this.#refuseWhatCannotFit(config, reused);
      this.#weights ??= await this.#loadWeights(config, file, options);
      const loaded = this.#loaded ?? (await this.#createContext(config, this.#weights, options));
      this.#loaded = loaded;
      const draft = await this.#loadDraft(config, loaded, options.signal);
      this.#loaded = withLoadedDraft(loaded, config, this.#draft);
      return {
        ...reportOf(this.#loaded),
        ...(draft && { draft }),
        reused,
        elapsedMs: performance.now() - beganMs,
        vramBefore,
        vramAfter: await readVram(this.backend),
      };
    } catch (error) {
      throw await loadError(error, this.backend, mark, options.signal);
    }
  }

  async unload(): Promise<void> {
    await this.#disposeDraft();
    await this.#disposeContext();
    await this.#disposeWeights();
  }

  #reuse(config: LoadConfig, file: string): LoadReport["reused"] {
    const held = this.#weights;
    if (held === null || held.file !== file || !sameWeights(held.config, config)) return "nothing";
    return this.#loaded !== null && sameContext(this.#loaded.config, config) ? "everything" : "weights";
  }

  async #refuseWhatCannotFit(config: LoadConfig, reused: LoadReport["reused"]): Promise<void> {
    const dryRun = await this.openDryRun(config.modelPath);
    checkTensor(this.backend.info, dryRun, config);
    const need = await dryRun.buffers(config);
    const devices = await dryRun.devices(config);
    if (reused === "nothing") await checkMemory(this.backend, need, devices);
    else
      await checkMemory(
        this.backend,
        { ...need, gpuWeightsBytes: 0, ramWeightsBytes: 0 },
        devices?.map(device => ({ ...device, weightsBytes: 0 })) ?? null,
      );
  }

  async #loadWeights(config: LoadConfig, file: string, { signal, onProgress }: LoadHooks): Promise<Weights> {
    const cache = ggmlTypesOf(config.kvType);
    onProgress({ phase: "weights", fraction: 0 });
    const options: LlamaModelOptions = {
      modelPath: config.modelPath,
      gpuLayers: config.gpuLayers,
      useMmap: config.useMmap,
      defaultContextFlashAttention: flashAttentionOption(config.flashAttention),
      // Without these options node-llama-cpp assumes an f16 cache in its own estimates (trap 8).
      experimentalDefaultContextKvCacheKeyType: cache.k,
      experimentalDefaultContextKvCacheValueType: cache.v,
      // A dry run confirmed the plan, and it was checked against the free memory.
      ignoreMemorySafetyChecks: true,
      loadSignal: signal,
      onLoadProgress: fraction => onProgress({ phase: "weights", fraction }),
    };
    if (!this.#unrendered.has(file)) templateSandbox.start();
    const { result: model } = await this.backend.placer.place(config, () => this.backend.llama.loadModel(options));
    const weights = {
      config,
      model,
      template: ChatTemplate.resolve(model),
      tokenizer: rememberingTokenizer(model.tokenizer),
      toolTemplate: ToolTemplate.of(model),
      file,
    };
    if (!weights.template.isRendered && weights.toolTemplate === null) {
      this.#unrendered.add(file);
      // Its process takes 16 MiB, and is started again when it is needed.
      templateSandbox.stop();
    }
    return weights;
  }

  async #createContext(config: LoadConfig, weights: Weights, options: LoadHooks): Promise<LoadedModel> {
    const cache = ggmlTypesOf(config.kvType);
    const mark = this.backend.log.mark();
    options.onProgress({ phase: "context", fraction: 0 });
    this.backend.llama.maxThreads = config.threads;
    const batches = new WholeBatches();
    const contextOptions: LlamaContextOptions = {
      contextSize: config.contextTokens,
      batchSize: config.batchTokens,
      sequences: config.sequences,
      flashAttention: flashAttentionOption(config.flashAttention),
      experimentalKvCacheKeyType: cache.k,
      experimentalKvCacheValueType: cache.v,
      threads: config.threads,
      batching: batches.batching,
      // Otherwise it would silently try again with a smaller context.
      failedCreationRemedy: false,
      ignoreMemorySafetyChecks: true,
      createSignal: options.signal,
    };
    const { result: context, devices } = await this.backend.placer.place(config, () =>
      weights.model.createContext(contextOptions),
    );
    batches.watch(context);
    options.onProgress({ phase: "context", fraction: 1 });
    const lines = await this.backend.log.untilSaid(mark, AFTER_BUFFERS_LINE);
    const sequences = SequencePool.of(context);
    return {
      config: { ...config, gpuLayers: weights.model.gpuLayers },
      model: weights.model,
      tokenizer: weights.tokenizer,
      template: weights.template,
      toolTemplate: weights.toolTemplate,
      context,
      sequences,
      keptKv: new KvKeeper(sequences, this.#stateKey(config, weights, flashAttentionActive(lines))),
      nextTurns: new PauseWork(sequences, NEXT_TURN_PAUSE_MS),
      split: bufferSplit(lines),
      devices,
      flashAttentionActive: flashAttentionActive(lines),
      draft: null,
    };
  }

  /** A draft model only makes answers faster: where it cannot be loaded, the model answers without it, and the report says why. */
  async #loadDraft(config: LoadConfig, loaded: LoadedModel, signal: AbortSignal): Promise<LoadReport["draft"]> {
    if (config.draft === undefined) return undefined;
    const name = basename(config.draft.modelPath);
    const leftOut = (why: string) =>
      ({ kind: "left-out", reason: `Answers are written without the draft model ${name}: ${why}` }) as const;
    if (loaded.sequences.all.some(({ needsCheckpoints }) => needsCheckpoints))
      return leftOut(
        "this model cannot take back single tokens, so nothing can be drafted for it. Set DRAFT_MODEL to nothing.",
      );
    const mark = this.backend.log.mark();
    try {
      const own = draftConfigOf(config.draft, config);
      this.#draft ??= await DraftModel.load(this.backend, this.openDryRun, own, loaded.model, signal);
      return { kind: "loaded", buffers: this.#draft.buffers };
    } catch (error) {
      const { code, message } = await loadError(error, this.backend, mark, signal);
      if (code === "CANCELLED") throw error;
      return leftOut(message);
    }
  }

  /** Two loads with the same key can read each other's states: the same file, cache and release of llama.cpp. */
  #stateKey(
    { modelPath, kvType, contextTokens, sequences, kvInRam }: LoadConfig,
    { file }: Weights,
    flash: boolean | null,
  ) {
    const { llamaCppRelease, buildType } = this.backend.info;
    const cache = [kvType, contextTokens, sequences, kvInRam ?? false, flash];
    return JSON.stringify([basename(modelPath), file, ...cache, llamaCppRelease, buildType]);
  }

  async #disposeOtherDraft(config: LoadConfig): Promise<void> {
    const isSame = config.draft !== undefined && (await this.#draft?.isOf(draftConfigOf(config.draft, config)));
    if (!isSame) await this.#disposeDraft();
  }

  async #disposeDraft(): Promise<void> {
    const draft = this.#draft;
    this.#draft = null;
    if (this.#loaded !== null) this.#loaded = { ...this.#loaded, draft: null };
    await draft?.dispose();
  }

  async #disposeContext(): Promise<void> {
    this.#loaded?.nextTurns.close();
    await this.#loaded?.sequences.endIdleWork();
    await this.#loaded?.keptKv.close();
    const context = this.#loaded?.context;
    this.#loaded = null;
    await context?.dispose();
  }

  async #disposeWeights(): Promise<void> {
    const model = this.#weights?.model;
    this.#weights = null;
    await model?.dispose();
  }
}

function checkConfig({ kvType, flashAttention }: LoadConfig): void {
  if (needsFlashAttention(kvType) && flashAttention === "off")
    throw new JobError("INVALID_INPUT", `A ${kvType} KV cache needs flash attention, which is switched off.`);
}

/** Everything is in system memory then. */
const withoutGpu = ({
  expertBlocksInRam,
  borderExpertsOnGpu,
  tensorSplit,
  kvInRam,
  draft,
  ...config
}: LoadConfig): LoadConfig => ({
  ...config,
  gpuLayers: 0,
  ...(draft && { draft: { modelPath: draft.modelPath, gpuLayers: 0 } }),
});

const withLoadedDraft = (loaded: LoadedModel, { draft: asked }: LoadConfig, draft: DraftModel | null): LoadedModel => {
  const { draft: _, ...config } = loaded.config;
  return { ...loaded, config: { ...config, ...(draft && asked && { draft: asked }) }, draft };
};

const placedWeights = ({ expertBlocksInRam, borderExpertsOnGpu, tensorSplit }: LoadConfig): string =>
  placementKey({ expertBlocksInRam, borderExpertsOnGpu, tensorSplit });
const sameWeights = (a: LoadConfig, b: LoadConfig): boolean =>
  a.modelPath === b.modelPath &&
  a.gpuLayers === b.gpuLayers &&
  a.useMmap === b.useMmap &&
  placedWeights(a) === placedWeights(b);

const contextKeys = [
  "contextTokens",
  "batchTokens",
  "sequences",
  "kvType",
  "flashAttention",
  "kvInRam",
  "threads",
] as const;
const sameContext = (a: LoadConfig, b: LoadConfig): boolean => contextKeys.every(key => a[key] === b[key]);

const reportOf = ({ config, model, context, template, split, devices, flashAttentionActive }: LoadedModel) => ({
  config,
  buffers: countedBuffers(model, context),
  ...(devices !== null && { devices: [...devices] }),
  split,
  flashAttentionActive,
  templateWarning: template.warning,
});
