import type { ExpertPlace } from "@/lib/plan/memory/fit-needs";
import {
  expertBlocks,
  isOnlyPadding,
  type MemoryPoint,
  memoryNeed,
  placementOf,
  withExpertsInLayers,
} from "@/lib/plan/memory/memory-need";
import { filledAs, needsFlashAttention } from "@/lib/plan/memory/usable-kv-types";
import { elementTypesOf, type KvElementType, type KvType, kvElementTypes, kvTypes } from "@/lib/schema/plans/kv-type";
import type { ExpertMatrix } from "@/lib/schema/plans/load-config";
import type { ComputeColumn, ComputePoint, LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import { JobError } from "../job-error";
import { kvClosedFormHolds } from "./check-kv";
import { DryRunPace, type PaceOptions } from "./dry-run-pace";
import { filledCardTables } from "./fill-card-tables";
import { longestContextTokens } from "./longest-context";
import type { ExpertTensor } from "./misplacement";
import type { SurfaceOracle } from "./surface-oracle";

/** The first passes always run, even if they take longer than the budget. */
export interface SurfaceOptions extends PaceOptions {
  /** llama.cpp aborts on a larger cache tensor, so contexts that need one are left out. */
  readonly largestTensorBytes: number;
}

/**
 * One for each table. A table left as estimated would hold back plans that fit: what a narrower cache is thought to need counts for the wider
 * one too (see `fitNeeds`).
 */
const CERTAIN_PASSES = 2;
const KV_CHECK_TOKENS = 16_384;
/** The context size that most people choose. */
const USUAL_TOKENS = 4096;

/**
 * Replaces the figures of a header surface with dry runs: weights for every number of layers, and a sparse table of compute buffers.
 * The table covers a few numbers of layers, contexts at and between powers of two, and KV types. It is as dense as the time allows.
 *
 * The table serves moving sliders. A plan shown at rest and a plan to load are each confirmed by a dry run of exactly that
 * configuration: see `mendSurface`. Without a GPU only the column of 0 layers can be filled, and the surface stays `estimated`.
 */
export async function fillSurface(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  options: SurfaceOptions,
): Promise<MemorySurface> {
  const pace = new DryRunPace(options);
  const longestTokens = (kvType: KvType) => longestContextTokens(surface, kvType, options.largestTensorBytes);
  const ofCache = await withCheckedCache(oracle, surface, pace, longestTokens("f16"));
  const ofWeights = await withCheckedWeights(oracle, ofCache, pace);
  const ofExperts = await withCheckedExperts(oracle, ofWeights, pace);
  const ofCards = await filledCardTables(oracle, ofExperts, pace, longestTokens);
  const filled = await filledCompute(oracle, ofExperts, pace, longestTokens);
  return {
    ...ofExperts,
    ...ofCards,
    ...filled,
    computeSource: oracle.gpu ? "dry-run" : surface.computeSource,
    detail: "fine",
  };
}

/** Where the closed form is wrong, cache and compute are one figure of the dry run, and each layer's own cache is set to none. */
async function withCheckedCache(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  pace: DryRunPace,
  longestTokens: number,
): Promise<MemorySurface> {
  await pace.checkIn();
  const large = Math.min(KV_CHECK_TOKENS, longestTokens);
  if (await kvClosedFormHolds(oracle, surface, [padUp(large / 4, CONTEXT_PAD_TOKENS), large])) return surface;
  return { ...surface, kvSource: "dry-run", layers: surface.layers.map(withoutCache) };
}

const withoutCache = (layer: LayerMemory): LayerMemory => ({
  ...layer,
  kv: { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 },
});

/** Keeps the closed form if it agrees at both ends and between. Otherwise takes every number of layers from dry runs. */
async function withCheckedWeights(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  pace: DryRunPace,
): Promise<MemorySurface> {
  const last = oracle.gpu ? surface.model.blocks + 1 : 0;
  const asked = async (gpuLayers: number) => {
    await pace.checkIn();
    return oracle.weights({ gpuLayers });
  };
  const agrees = async (gpuLayers: number): Promise<boolean> => {
    const { gpuBytes, ramBytes } = await asked(gpuLayers);
    return surface.gpuWeightsBytes[gpuLayers] === gpuBytes && surface.ramWeightsBytes[gpuLayers] === ramBytes;
  };
  const corners = new Set([0, 1, 2, Math.floor(last / 2), last - 1, last]);
  let allAgree = true;
  for (const gpuLayers of corners) if (gpuLayers >= 0 && gpuLayers <= last) allAgree &&= await agrees(gpuLayers);
  if (allAgree) return surface;
  const gpuWeightsBytes = [...surface.gpuWeightsBytes];
  const ramWeightsBytes = [...surface.ramWeightsBytes];
  for (let gpuLayers = 0; gpuLayers <= last; gpuLayers++) {
    const { gpuBytes, ramBytes } = await asked(gpuLayers);
    gpuWeightsBytes[gpuLayers] = gpuBytes;
    ramWeightsBytes[gpuLayers] = ramBytes;
  }
  return { ...surface, gpuWeightsBytes, ramWeightsBytes, weightsSource: "dry-run" };
}

/**
 * Corrects the experts of a device that holds no tensors of their size, and leaves the placements with experts in RAM out if a dry run of
 * one does not move what the closed form says.
 */
async function withCheckedExperts(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  pace: DryRunPace,
): Promise<MemorySurface> {
  if (!oracle.placesExperts || surface.computeExpertsInRam === undefined) return surface;
  await pace.checkIn();
  const placement = { gpuLayers: surface.model.blocks + 1, expertBlocksInRam: expertBlocks(surface) };
  const { gpu, ram } = memoryNeed(surface, { ...placement, contextTokens: CONTEXT_PAD_TOKENS, kvType: "f16" });
  const moved = await oracle.weights(placement).catch(error => {
    if (error instanceof JobError && error.code === "PLACEMENT_UNAVAILABLE") return null;
    throw error;
  });
  const isPlaced =
    moved !== null && isOnlyPadding(surface, moved.gpuBytes - gpu.weightsBytes, moved.ramBytes - ram.weightsBytes);
  if (isPlaced) return surface;
  const movedBytes = (surface.gpuWeightsBytes.at(-1) ?? 0) - (moved?.gpuBytes ?? 0);
  return (moved && withLargestInRam(surface, oracle.expertTensors(), movedBytes)) ?? withExpertsInLayers(surface);
}

/**
 * llama.cpp keeps a tensor that the device cannot hold in system memory, wherever its layer is. How large that is follows from a dry run:
 * all experts up to some size have moved. Null if that is not so.
 * @see llama.cpp src/llama-model-loader.cpp (weight_buft_supported), ggml/src/ggml-vulkan/ggml-vulkan.cpp (tensor_size_supported)
 */
function withLargestInRam(
  surface: MemorySurface,
  tensors: readonly ExpertTensor[],
  movedBytes: number,
): MemorySurface | null {
  let sum = 0;
  const movable = tensors.toSorted((one, other) => one.bytes - other.bytes);
  const count = movable.findIndex(({ bytes }, index) => {
    const isEnough = sum >= movedBytes && bytes !== movable[index - 1]?.bytes;
    sum += bytes;
    return isEnough;
  });
  const held = movable.slice(0, count);
  if (count === -1 || held.reduce((total, { bytes }) => total + bytes, 0) !== movedBytes) return null;
  const layers = surface.layers.map((layer): LayerMemory => {
    if (layer.expertBytes === 0) return layer;
    const expertMatrixBytes: Partial<Record<ExpertMatrix, number>> = {};
    let expertBytes = 0;
    for (const { block, matrix, bytes } of held) {
      if (block !== layer.index) continue;
      expertMatrixBytes[matrix] = (expertMatrixBytes[matrix] ?? 0) + bytes;
      expertBytes += bytes;
    }
    return { ...layer, expertBytes, expertMatrixBytes, expertBytesAlwaysInRam: layer.expertBytes - expertBytes };
  });
  return { ...surface, layers };
}

/** Some layer counts at some contexts, for all KV types. `at steps`: the contexts depend on earlier dry runs (see `contextsAtSteps`). */
interface Pass {
  readonly layers: readonly number[];
  readonly contexts: readonly number[] | "at steps";
  readonly experts?: ExpertPlace;
}

/** Contexts that divide each doubling into this many steps. */
function contextsUpTo(longestTokens: number, stepsADoubling: number): number[] {
  const contexts = new Set([longestTokens]);
  for (let power = CONTEXT_PAD_TOKENS; power < longestTokens; power *= 2)
    for (let step = 0; step < stepsADoubling; step++) {
      const tokens = padUp(power + (power * step) / stepsADoubling, CONTEXT_PAD_TOKENS);
      if (tokens <= longestTokens) contexts.add(tokens);
    }
  return [...contexts].sort((a, b) => a - b);
}

/** A model with no more layers gets dry runs of each of them before those between powers of two. */
const FEW_LAYERS = 16;
/** No dry run is made for a smaller difference between two samples. */
const STEP_SHARE = 0.01;
const FEW_ROUNDS = 3;
/** Halves an interval between two powers of two up to the longest context until it is as long as llama.cpp's padding. */
const MANY_ROUNDS = 8;

/**
 * The middles between two samples that differ, unless the buffer grows there as it does beside: somewhere between them llama.cpp's allocator
 * makes a step, and a line over both would be wrong by up to the whole step. Dry runs between equal samples rarely find anything.
 */
function contextsAtSteps(points: readonly ComputePoint[]): number[] {
  const sorted = points.toSorted((one, other) => one.contextTokens - other.contextTokens);
  const spans = sorted.slice(1).map((right, index) => {
    const left = sorted[index] ?? right;
    const tokens = right.contextTokens - left.contextTokens;
    const ignoredBytes = STEP_SHARE * Math.max(left.gpuBytes, right.gpuBytes);
    return { from: left.contextTokens, tokens, bytes: right.gpuBytes - left.gpuBytes, ignoredBytes };
  });
  return spans.flatMap(({ from, tokens, bytes, ignoredBytes }, index) => {
    const isSmall = (difference: number) => Math.abs(difference) <= ignoredBytes;
    const growsAs = (beside: (typeof spans)[number] | undefined) =>
      beside !== undefined && isSmall(bytes - (beside.bytes / beside.tokens) * tokens);
    if (tokens <= CONTEXT_PAD_TOKENS || isSmall(bytes) || growsAs(spans[index - 1]) || growsAs(spans[index + 1]))
      return [];
    return [padUp(from + tokens / 2, CONTEXT_PAD_TOKENS)];
  });
}

/**
 * The most important points come first: all layers, one layer and half of them at four contexts each. A batch is no longer than the context,
 * so that the buffers grow steeply up to the batch's size. Powers of two follow, then the points between, first where the buffer makes a step.
 * The ends have their own graphs: k = 1 holds only the output, k = L leaves one block in RAM, k = L + 1 none.
 */
function passesFor(
  surface: MemorySurface,
  { gpu, placesExperts }: Pick<SurfaceOracle, "gpu" | "placesExperts">,
  longestTokens: number,
): Pass[] {
  const all = surface.model.blocks + 1;
  const some = (layers: readonly number[]) => [...new Set(layers.filter(k => k >= 1 && k <= all))];
  const ends = gpu ? some([all, 1, Math.ceil(all / 2)]) : [0];
  const inner = gpu ? some([all - 1, 2]) : [];
  const rough = [
    CONTEXT_PAD_TOKENS,
    padUp(surface.batchTokens, CONTEXT_PAD_TOKENS),
    USUAL_TOKENS,
    longestTokens,
  ].filter(tokens => tokens <= longestTokens);
  const every = gpu ? Array.from({ length: all }, (_, index) => all - index) : [];
  // The compute buffers of a small model are most of its need and differ between layer counts, most of all where blocks are of several kinds.
  const between = all <= FEW_LAYERS || !gpu ? every : some([Math.ceil(all / 4), Math.ceil((3 * all) / 4)]);
  // With experts in RAM the output is the only layer of k = 1, so that placement is the one without any experts to move.
  const apart = placesExperts && surface.computeExpertsInRam !== undefined ? some([all, Math.ceil(all / 2)]) : [];
  const ram = { layers: apart, experts: "ram" } as const;
  const atSteps = (layers: readonly number[], rounds: number): Pass[] =>
    Array.from({ length: rounds }, () => ({ layers, contexts: "at steps" }));
  return [
    { layers: ends, contexts: rough },
    { ...ram, contexts: rough },
    // If the figure includes the cache, it grows with each layer, and by more than with the context.
    { layers: surface.kvSource === "dry-run" ? every : [], contexts: rough },
    { layers: [...ends, ...inner], contexts: contextsUpTo(longestTokens, 1) },
    { ...ram, contexts: contextsUpTo(longestTokens, 1) },
    { layers: between, contexts: contextsUpTo(longestTokens, 1) },
    ...atSteps([...ends, ...inner, ...between], FEW_ROUNDS),
    { layers: [...ends, ...inner], contexts: contextsUpTo(longestTokens, 2) },
    { ...ram, contexts: contextsUpTo(longestTokens, 2) },
    { layers: between, contexts: contextsUpTo(longestTokens, 2) },
    ...atSteps([...ends, ...inner, ...between], MANY_ROUNDS),
    { layers: [...ends, ...inner, ...between], contexts: contextsUpTo(longestTokens, 4) },
    ...atSteps([...ends, ...inner, ...between], MANY_ROUNDS),
    { layers: every, contexts: contextsUpTo(longestTokens, 2) },
    { layers: every, contexts: contextsUpTo(longestTokens, 8) },
  ];
}

/** Points taken for one type of K and V, by number of layers: with each layer's experts beside it, and with all experts in RAM. */
type TakenColumns = Readonly<Record<ExpertPlace, Map<number, ComputePoint[]>>>;

/** Runs the passes in order until the time is used up. Dry runs for the GPU do not change the CPU's column, and vice versa. */
async function filledCompute(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  pace: DryRunPace,
  longestTokens: (kvType: KvType) => number,
): Promise<Pick<MemorySurface, "compute" | "computeExpertsInRam" | "refusedKvTypes">> {
  const refusedKvTypes = [...(surface.refusedKvTypes ?? [])];
  const taken = new Map(
    kvElementTypes.flatMap(type => {
      const kvType = filledAs(surface, type);
      const tables: TakenColumns = { "with-layer": new Map(), ram: new Map() };
      return kvType === null ? [] : [[type, { kvType, tables }] as const];
    }),
  );
  const filled = () => ({ ...withColumns(surface, taken), refusedKvTypes });
  const longest = Math.max(...kvTypes.map(longestTokens));
  const passes = passesFor(surface, oracle, longest);
  // llama.cpp builds the model again for each placement, so the dry runs of all its contexts follow each other.
  for (const [index, { layers, contexts, experts = "with-layer" }] of passes.entries())
    for (const gpuLayers of layers)
      for (const [type, { kvType, tables }] of taken) {
        const points = tables[experts].get(gpuLayers) ?? [];
        for (const contextTokens of contexts === "at steps" ? contextsAtSteps(points) : contexts) {
          if (index >= CERTAIN_PASSES && pace.left <= 0) return filled();
          if (contextTokens > longestTokens(kvType) || points.some(known => known.contextTokens === contextTokens))
            continue;
          const expertBlocksInRam = experts === "ram" ? expertBlocks(surface) : 0;
          const at = { ...placementOf({ gpuLayers, expertBlocksInRam }), contextTokens, kvType };
          const point = await possiblePoint(oracle, surface, pace, at);
          if (typeof point === "string") {
            taken.delete(type);
            for (const refused of refusedWith(kvType))
              refusedKvTypes.push({
                kvType: refused,
                reason: `This model cannot have a ${refused} KV cache here: ${point}`,
              });
            break;
          }
          points.push(point);
        }
        if (taken.has(type)) tables[experts].set(gpuLayers, points);
      }
  return filled();
}

function withColumns(
  surface: MemorySurface,
  taken: ReadonlyMap<KvElementType, { readonly tables: TakenColumns }>,
): Pick<MemorySurface, "compute" | "computeExpertsInRam"> {
  const compute = { ...surface.compute };
  const apart = surface.computeExpertsInRam && { ...surface.computeExpertsInRam };
  for (const [type, { tables }] of taken) {
    compute[type] = withTaken(compute[type], tables["with-layer"]);
    if (apart && tables.ram.size > 0) apart[type] = withTaken(apart[type], tables.ram);
  }
  return { compute, ...(apart && { computeExpertsInRam: apart }) };
}

function withTaken(
  columns: readonly ComputeColumn[],
  taken: ReadonlyMap<number, readonly ComputePoint[]>,
): ComputeColumn[] {
  const kept = columns.filter(({ gpuLayers }) => (gpuLayers === 0) !== taken.has(0));
  const added = [...taken].filter(([, points]) => points.length > 0).map(columnOf);
  return [...kept, ...added].sort((a, b) => a.gpuLayers - b.gpuLayers);
}

const columnOf = ([gpuLayers, points]: [number, readonly ComputePoint[]]): ComputeColumn => ({
  gpuLayers,
  points: [...points].sort((a, b) => a.contextTokens - b.contextTokens),
});

/** What the context takes beyond the closed form of its cache, or llama.cpp's own reason why this KV type is impossible. */
async function possiblePoint(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  pace: DryRunPace,
  at: MemoryPoint,
): Promise<ComputePoint | string> {
  await pace.checkIn();
  try {
    const { gpuBytes, ramBytes } = await oracle.context(at);
    const need = memoryNeed(surface, at);
    return {
      contextTokens: at.contextTokens,
      gpuBytes: Math.max(0, gpuBytes - need.gpu.kvBytes),
      ramBytes: Math.max(0, ramBytes - need.ram.kvBytes),
    };
  } catch (error) {
    if (isImpossible(error, at.kvType)) return error.message;
    throw error;
  }
}

/** A cache that llama.cpp refuses, and the others with the same quantized V: flash attention is what is missing most often. */
const refusedWith = (kvType: KvType): readonly KvType[] =>
  needsFlashAttention(kvType)
    ? kvTypes.filter(other => elementTypesOf(other).v === elementTypesOf(kvType).v)
    : [kvType];

/** llama.cpp makes no context with a quantized cache without flash attention, or with heads that the type's blocks do not divide. */
const isImpossible = (error: unknown, kvType: KvType): error is JobError =>
  kvType !== "f16" && error instanceof JobError && error.code === "ENGINE_FAILED";
