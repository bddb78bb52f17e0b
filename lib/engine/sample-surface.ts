import { type MemoryPoint, memoryNeed } from "@/lib/plan/memory-need";
import { type KvType, kvTypes } from "@/lib/schema/kv-type";
import type { ComputePoint, LayerMemory, MemorySurface } from "@/lib/schema/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import { kvClosedFormHolds } from "./check-kv";
import {
  type SharedColumn,
  type SharedColumns,
  type Stretch,
  sharedPoints,
  standInFor,
  withColumns,
  withoutLayers,
  withPoint,
  withStretches,
} from "./compute-columns";
import { addPoint, GOOD_ENOUGH, refine, type SampledColumn } from "./context-points";
import { JobError } from "./job-error";
import { kindsOfRun, type LayerRun, layerRuns } from "./layer-runs";
import { longestContextTokens } from "./longest-context";
import { type PaceOptions, SamplingPace } from "./sampling-pace";
import type { SurfaceOracle } from "./surface-oracle";

/** The first few samples of each kind are taken even when that takes longer than the budget. */
export interface SamplingOptions extends PaceOptions {
  /** Contexts to be exact at, such as the one that is set. */
  readonly exactAt: readonly number[];
  /** llama.cpp aborts on a larger tensor of the cache: contexts that would need one are left out. */
  readonly largestTensorBytes: number;
}

const PROBE_TOKENS = 4096;
const KV_CHECK_TOKENS = 16_384;
/** Refined up to here where the header does not say what the model was trained for. */
const UNTRAINED_TOKENS = 131_072;
/** Where numbers of layers are compared: far from each other, and from where their kinds were told apart first. */
const LIKENESS_POINTS = [
  { contextTokens: 1024, kvType: "f16" },
  { contextTokens: 8192, kvType: "f16" },
  { contextTokens: 3072, kvType: "q8_0" },
  { contextTokens: 6144, kvType: "q4_0" },
] as const;
/**
 * llama.cpp's allocator leaves single teeth of one step of the context in an otherwise straight line, of up to a tenth of the total in a
 * small model, and not at the same context for like numbers of layers: up to here each step is looked at, where the header says
 * that the model was trained for so much. Beyond, weights and cache are so much that a tooth matters less.
 */
const WALKED_TOKENS = 32_768;
/** Up to here for every model: people set more than it was trained for. */
const LEAST_WALKED_TOKENS = 8192;
/** Steps at once: with each number of layers llama.cpp builds the model anew. */
const STRIDE_TOKENS = 1024;
/** Of the time, where contexts are named to be exact at. */
const SHARE_FOR_EVERY_LAYER = 0.4;

/**
 * Turns a surface made from the header into one made of dry runs: weights for every number of layers, and the compute buffers at
 * their corners over layers and context, as close together as it takes and time allows.
 *
 * A surface that was sampled before becomes exact at the named contexts, for every number of layers, and is looked at further where it
 * may still be wrong, until it is `complete`.
 * Without a GPU only the column of zero layers can be asked for, and the surface stays `estimated`.
 */
export async function sampleSurface(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  options: SamplingOptions,
): Promise<MemorySurface> {
  const sampler = new SurfaceSampler(oracle, surface, options);
  if (surface.computeSource === "dry-run") return sampler.refined();
  return oracle.gpu ? sampler.onGpu() : sampler.inRam();
}

class SurfaceSampler {
  readonly #pace: SamplingPace;
  readonly #looks = new Map<number, string>();

  constructor(
    private readonly oracle: SurfaceOracle,
    private surface: MemorySurface,
    private readonly options: SamplingOptions,
  ) {
    this.#pace = new SamplingPace(options);
  }

  async onGpu(): Promise<MemorySurface> {
    await this.#checkKv();
    await this.#takeWeights();
    const runs = await this.#findRuns();
    await this.#takeCompute(kindsOfRun(runs));
    // Complete it is only when numbers of layers that were taken for like have been compared: for a second look.
    return { ...this.surface, computeSource: "dry-run", detail: "fine" };
  }

  async inRam(): Promise<MemorySurface> {
    await this.#checkKv();
    await this.#takeWeights();
    const complete = await this.#takeCompute([[{ first: 0, last: 0 }]]);
    return { ...this.surface, detail: complete ? "complete" : "fine" };
  }

  /** A second look: exact at the wanted contexts, and on from what is known elsewhere. */
  async refined(): Promise<MemorySurface> {
    await this.#takeEveryLayer();
    const mayWalk = this.surface.walkedTokens !== undefined || (await this.#refineKnown());
    const complete = mayWalk && (await this.#walk());
    return { ...this.surface, detail: complete ? "complete" : "fine" };
  }

  /** @returns whether straight lines between the samples are good enough, as far as samples tell, for every number of layers */
  async #refineKnown(): Promise<boolean> {
    const columns = new Map<KvType, SharedColumn[]>();
    for (const kvType of kvTypes) if (await this.#isPossible(kvType)) columns.set(kvType, this.#knownColumns(kvType));
    const refinedAll = await this.#refine(columns, 0);
    this.surface = withColumns(this.surface, columns);
    return refinedAll && (await this.#separateUnlike(columns));
  }

  /** Numbers of layers that were taken for others' like and are not get columns of their own. @returns whether there were none */
  async #separateUnlike(columns: SharedColumns): Promise<boolean> {
    const unlike = await this.#unlikeLayers();
    if (unlike.length === 0) return true;
    const removed = new Set(unlike.map(({ first }) => first));
    const separated = new Map<KvType, SharedColumn[]>();
    for (const [kvType, known] of columns) {
      const rest = known.map(({ runs, column }) => ({ runs: withoutLayers(runs, removed), column }));
      const added: SharedColumn[] = [];
      for (const runs of kindsOfRun(unlike)) {
        const column = await this.#firstPoints(runs, kvType);
        if (column !== null) added.push({ runs, column });
      }
      separated.set(kvType, [...rest.filter(({ runs }) => runs.length > 0), ...added]);
    }
    this.surface = withColumns(this.surface, separated);
    return false;
  }

  /** Looks at every number of layers: also the ends of a run have what its middle said. */
  async #unlikeLayers(): Promise<LayerRun[]> {
    const unlike: LayerRun[] = [];
    for (let gpuLayers = 1; gpuLayers <= this.surface.model.blocks + 1; gpuLayers++) {
      const value = await this.#unlikeValue(gpuLayers);
      if (value !== null) unlike.push({ first: gpuLayers, last: gpuLayers, value });
    }
    return unlike;
  }

  /** What the dry run says here and there, where that is not what the surface says. */
  async #unlikeValue(gpuLayers: number): Promise<string | null> {
    const found: number[] = [];
    let isLike = true;
    for (const { contextTokens, kvType } of LIKENESS_POINTS) {
      const at = { gpuLayers, contextTokens: Math.min(contextTokens, this.#longestTokens(kvType)), kvType };
      const point = await this.#possiblePoint(at);
      if (point === null) continue;
      const { gpu } = memoryNeed(this.surface, at);
      isLike &&= Math.abs(point.gpuBytes - gpu.computeBytes) <= GOOD_ENOUGH * gpu.totalBytes;
      found.push(Math.round(point.gpuBytes / MIB));
    }
    return isLike ? null : found.join(" ");
  }

  /** Each step of the context, each number of layers, each KV type, from small contexts up. @returns whether it came to the end */
  async #walk(): Promise<boolean> {
    const endTokens = Math.min(WALKED_TOKENS, Math.max(LEAST_WALKED_TOKENS, this.#trainedTokens));
    for (let from = this.surface.walkedTokens ?? 0; from < endTokens; from += STRIDE_TOKENS) {
      if (this.#pace.left <= 0) return false;
      const stretches: Stretch[] = [];
      for (let gpuLayers = 1; gpuLayers <= this.surface.model.blocks + 1; gpuLayers++)
        for (const kvType of kvTypes)
          stretches.push({ kvType, gpuLayers, points: await this.#stride(gpuLayers, kvType, from) });
      this.surface = { ...withStretches(this.surface, stretches), walkedTokens: from + STRIDE_TOKENS };
    }
    return true;
  }

  async #stride(gpuLayers: number, kvType: KvType, from: number): Promise<ComputePoint[]> {
    const points: ComputePoint[] = [];
    const last = Math.min(from + STRIDE_TOKENS, this.#longestTokens(kvType));
    for (let contextTokens = from + CONTEXT_PAD_TOKENS; contextTokens <= last; contextTokens += CONTEXT_PAD_TOKENS) {
      const point = await this.#possiblePoint({ gpuLayers, contextTokens, kvType });
      if (point === null) return points;
      points.push(point);
    }
    return points;
  }

  get #trainedTokens(): number {
    return this.surface.model.trainContextTokens || UNTRAINED_TOKENS;
  }

  #knownColumns(kvType: KvType): SharedColumn[] {
    return sharedPoints(this.surface, kvType).map(({ runs, points }) => ({
      runs,
      column: this.#column(standInFor(runs), kvType, points),
    }));
  }

  async #isPossible(kvType: KvType): Promise<boolean> {
    return (await this.#possiblePoint({ gpuLayers: 1, contextTokens: CONTEXT_PAD_TOKENS, kvType })) !== null;
  }

  /**
   * The wanted contexts for every number of layers. Kinds are told apart at one context only, and hybrid models differ at others:
   * where someone is about to load, nothing is left to that.
   */
  async #takeEveryLayer(): Promise<void> {
    for (const kvType of kvTypes)
      for (const contextTokens of this.#exactContexts(kvType)) await this.#takeContext(contextTokens, kvType);
  }

  async #takeContext(contextTokens: number, kvType: KvType): Promise<void> {
    const last = this.oracle.gpu ? this.surface.model.blocks + 1 : 0;
    for (let gpuLayers = last; gpuLayers >= Math.min(1, last) && this.#pace.left > 0; gpuLayers--) {
      const point = await this.#possiblePoint({ gpuLayers, contextTokens, kvType });
      if (point === null) return;
      this.surface = withPoint(this.surface, kvType, gpuLayers, point);
    }
  }

  async #possiblePoint(at: MemoryPoint): Promise<ComputePoint | null> {
    try {
      return { contextTokens: at.contextTokens, ...(await this.#compute(at)) };
    } catch (error) {
      if (isImpossible(error, at.kvType)) return null;
      throw error;
    }
  }

  /** The closed form where it agrees at the ends and between; otherwise every number of layers from the dry run. */
  async #takeWeights(): Promise<void> {
    const last = this.oracle.gpu ? this.surface.model.blocks + 1 : 0;
    const corners = [...new Set([0, 1, 2, Math.floor(last / 2), last - 1, last])].filter(k => k >= 0 && k <= last);
    let agrees = true;
    for (const gpuLayers of corners) agrees &&= await this.#weightsAgree(gpuLayers);
    if (agrees) return;
    const gpuWeightsBytes = [...this.surface.gpuWeightsBytes];
    const ramWeightsBytes = [...this.surface.ramWeightsBytes];
    for (let gpuLayers = 0; gpuLayers <= last; gpuLayers++) {
      await this.#pace.checkIn();
      const { gpuBytes, ramBytes } = await this.oracle.weights(gpuLayers);
      gpuWeightsBytes[gpuLayers] = gpuBytes;
      ramWeightsBytes[gpuLayers] = ramBytes;
      // The dry run holds this number of layers at the moment: looking at it later would build it again.
      if (gpuLayers > 0 && this.#looksEverywhere()) await this.#look(gpuLayers);
    }
    this.surface = { ...this.surface, gpuWeightsBytes, ramWeightsBytes, weightsSource: "dry-run" };
  }

  async #weightsAgree(gpuLayers: number): Promise<boolean> {
    await this.#pace.checkIn();
    const { gpuBytes, ramBytes } = await this.oracle.weights(gpuLayers);
    return this.surface.gpuWeightsBytes[gpuLayers] === gpuBytes && this.surface.ramWeightsBytes[gpuLayers] === ramBytes;
  }

  /** Where the closed form is wrong, cache and compute are sampled as one, and the layers claim no cache of their own. */
  async #checkKv(): Promise<void> {
    await this.#pace.checkIn();
    const large = Math.min(KV_CHECK_TOKENS, this.#longestTokens("f16"));
    const small = padUp(large / 4, CONTEXT_PAD_TOKENS);
    if (await kvClosedFormHolds(this.oracle, this.surface, [small, large])) return;
    this.surface = { ...this.surface, kvSource: "dry-run", layers: this.surface.layers.map(withoutCache) };
  }

  async #findRuns(): Promise<LayerRun[]> {
    const last = this.surface.model.blocks + 1;
    return layerRuns(1, last, this.#looksEverywhere(), async gpuLayers => {
      const looked = this.#looks.get(gpuLayers);
      // All layers on the GPU is the case that matters most, and unlike the others.
      if (looked !== undefined || gpuLayers === last || this.#pace.left > 0.5) return looked ?? this.#look(gpuLayers);
      return "not looked at";
    });
  }

  #looksEverywhere(): boolean {
    return this.surface.kvSource === "dry-run" || !blocksAreAlike(this.surface.layers);
  }

  /** The compute buffers at one context, rounded: equal for numbers of layers that need the same. */
  async #look(gpuLayers: number): Promise<string> {
    const contextTokens = Math.min(this.#exactContexts("f16")[0] ?? PROBE_TOKENS, this.#longestTokens("f16"));
    const { gpuBytes, ramBytes } = await this.#compute({ gpuLayers, contextTokens, kvType: "f16" });
    const value = `${Math.round(gpuBytes / MIB)} ${Math.round(ramBytes / MIB)}`;
    this.#looks.set(gpuLayers, value);
    return value;
  }

  /** @returns whether nothing is left to look at */
  async #takeCompute(kinds: readonly SharedColumn["runs"][]): Promise<boolean> {
    const columns = await this.#firstColumns(kinds);
    const complete = await this.#refine(columns, this.options.exactAt.length > 0 ? SHARE_FOR_EVERY_LAYER : 0);
    this.surface = withColumns(this.surface, columns);
    await this.#takeEveryLayer();
    return complete;
  }

  /** A few contexts for each kind and KV type: those of all layers and of one layer always, the others while time is left. */
  async #firstColumns(kinds: readonly SharedColumn["runs"][]): Promise<SharedColumns> {
    const ends = kinds.filter((_, index) => index === 0 || index === kinds.length - 1).reverse();
    const between = kinds.filter(kind => !ends.includes(kind)).sort((a, b) => b.length - a.length);
    const columns = new Map<KvType, SharedColumn[]>();
    for (const wanted of [ends, between])
      for (const kvType of kvTypes)
        for (const runs of wanted) {
          if (wanted === between && this.#pace.left < 0.25) break;
          const column = await this.#firstPoints(runs, kvType);
          if (column === null) break;
          columns.set(kvType, [...(columns.get(kvType) ?? []), { runs, column }]);
        }
    return columns;
  }

  /** Null for a KV type that cannot be: quantized without flash attention, or heads that its blocks do not divide. */
  async #firstPoints(runs: SharedColumn["runs"], kvType: KvType): Promise<SampledColumn | null> {
    const column = this.#column(standInFor(runs), kvType, []);
    const longest = this.#longestTokens(kvType);
    const exact = this.#exactContexts(kvType);
    // In a hurry the context that was asked for must do, and one far off for the slope.
    const hurried = this.#pace.left <= 0 && exact.length > 0;
    const contexts = hurried ? [...exact, longest] : [CONTEXT_PAD_TOKENS, PROBE_TOKENS, longest, ...exact];
    try {
      for (const contextTokens of contexts) if (contextTokens <= longest) await addPoint(column, contextTokens);
    } catch (error) {
      if (isImpossible(error, kvType)) return null;
      throw error;
    }
    return column;
  }

  async #refine(columns: SharedColumns, keptShare: number): Promise<boolean> {
    const all = [...columns.values()].flat().map(({ column }) => column);
    return refine(all, this.#trainedTokens, async () => this.#pace.left > keptShare);
  }

  #column(gpuLayers: number, kvType: KvType, points: ComputePoint[]): SampledColumn {
    return {
      points,
      heldBytes: contextTokens => {
        const { gpu, ram } = memoryNeed(this.surface, { gpuLayers, contextTokens, kvType });
        return { gpuBytes: gpu.totalBytes, ramBytes: ram.totalBytes };
      },
      sample: async contextTokens => ({
        contextTokens,
        ...(await this.#compute({ gpuLayers, contextTokens, kvType })),
      }),
    };
  }

  /** What the context takes beyond the closed form of its cache. */
  async #compute(at: MemoryPoint): Promise<Omit<ComputePoint, "contextTokens">> {
    await this.#pace.checkIn();
    const { gpuBytes, ramBytes } = await this.oracle.context(at);
    const need = memoryNeed(this.surface, at);
    return {
      gpuBytes: Math.max(0, gpuBytes - need.gpu.kvBytes),
      ramBytes: Math.max(0, ramBytes - need.ram.kvBytes),
    };
  }

  #exactContexts(kvType: KvType): number[] {
    const contexts = this.options.exactAt.map(tokens => padUp(tokens, CONTEXT_PAD_TOKENS));
    return contexts.filter(tokens => tokens <= this.#longestTokens(kvType));
  }

  #longestTokens(kvType: KvType): number {
    return longestContextTokens(this.surface, kvType, this.options.largestTensorBytes);
  }
}

/** Quantized without flash attention, or heads that the blocks of the type do not divide: llama.cpp makes no such context. */
const isImpossible = (error: unknown, kvType: KvType): boolean =>
  kvType !== "f16" && error instanceof JobError && error.code === "ENGINE_FAILED";

const withoutCache = (layer: LayerMemory): LayerMemory => ({
  ...layer,
  kv: { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 },
});

function blocksAreAlike(layers: readonly LayerMemory[]): boolean {
  const blocks = layers.filter(layer => layer.role === "block");
  return new Set(blocks.map(({ kind, experts, kv }) => JSON.stringify([kind, experts, kv]))).size === 1;
}
