import {
  elementTypesOf,
  type KvElementType,
  type KvType,
  kvTypeTable,
  ofEachElementType,
} from "@/lib/schema/plans/kv-type";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { ComputeColumn, ConfirmedPoint, LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MemoryParts } from "@/lib/schema/plans/receipt";
import { MOST_DRAFT_TOKENS } from "@/lib/schema/plans/speculation";
import { F32_BYTES } from "@/lib/units/bytes";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import type { ExpertPlacement } from "./expert-placement";
import { expertBytesInRam } from "./expert-steps";
import { type CardLayers, sameSplit, splitLayers } from "./split-layers";
import { filledAs } from "./usable-kv-types";

type ComputeTable = MemorySurface["compute"];

/** Which parts of a model are on the GPU. */
export interface Placement extends ExpertPlacement {
  readonly gpuLayers: number;
  /** Layers on each of the engine's cards, in its order. Absent: there is one card, or llama.cpp splits the layers by itself. */
  readonly tensorSplit?: number[] | undefined;
  /** The KV cache is in RAM, whatever is on the GPU. */
  readonly kvInRam?: true | undefined;
}

/** The values that decide a model's memory. Batch and flash attention belong to the surface. */
export interface MemoryPoint extends Placement {
  readonly contextTokens: number;
  readonly kvType: KvType;
  /** Answers at once; absent if it is the surface's own number. */
  readonly sequences?: number | undefined;
}

/** Index of the first block on the GPU: the output layer goes first (k = 1), then the blocks from the last down. @see llama.cpp src/llama-model.cpp i_gpu_start */
export const firstGpuBlock = (blocks: number, gpuLayers: number): number => Math.max(blocks + 1 - gpuLayers, 0);

/**
 * Cells that one layer's cache holds for all sequences. Each sequence has the padded context, or with a sliding window at most the
 * window and one batch. @see llama.cpp src/llama-kv-cache-iswa.cpp size_swa
 * `windowTokens` already includes the token that node-llama-cpp adds to the batch of windowed models: see header-surface.ts.
 */
function cellsOfLayer(
  layer: LayerMemory,
  contextTokens: number,
  run: Pick<MemorySurface, "batchTokens" | "sequences">,
): number {
  const contextCells = padUp(contextTokens, CONTEXT_PAD_TOKENS);
  if (layer.kv.growth === "none") return 0;
  if (layer.kv.growth === "full") return contextCells * run.sequences;
  return padUp(Math.min(contextCells, layer.kv.windowTokens + run.batchTokens), CONTEXT_PAD_TOKENS) * run.sequences;
}

/**
 * Bytes of key and value cache, or of recurrent state, that one layer needs on the device it is on.
 * K and V have their own head size, and a grouped-query model stores only its KV heads: using the attention heads
 * instead overstates Llama 3 8B by four times. They have their own types as well: each of the two tensors is as wide as its own.
 */
export function kvBytesOfLayer(
  layer: LayerMemory,
  at: Pick<MemoryPoint, "contextTokens" | "kvType">,
  run: Pick<MemorySurface, "batchTokens" | "sequences">,
): number {
  const { k, v } = elementTypesOf(at.kvType);
  const kBytes = layer.kv.kElementsPerCell * kvTypeTable[k].bytesPer32Elements;
  const vBytes = layer.kv.vElementsPerCell * kvTypeTable[v].bytesPer32Elements;
  const cacheBytes = (cellsOfLayer(layer, at.contextTokens, run) * (kBytes + vBytes)) / 32;
  return Math.ceil(cacheBytes) + layer.kv.fixedBytes;
}

/** Bytes for this many cells on one column: linear between dry runs, level before the first, and never falling after the last. */
function onColumn(column: ComputeColumn, cells: number, side: Side): number {
  let beforeCells = 0;
  let beforeBytes = column.points[0]?.[side] ?? 0;
  let slope = 0;
  for (const point of column.points) {
    const pointCells = padUp(point.contextTokens, CONTEXT_PAD_TOKENS);
    if (cells === pointCells) return point[side];
    slope = pointCells > beforeCells ? (point[side] - beforeBytes) / (pointCells - beforeCells) : 0;
    if (cells < pointCells) return beforeBytes + slope * (cells - beforeCells);
    beforeCells = pointCells;
    beforeBytes = point[side];
  }
  return beforeBytes + Math.max(0, slope) * (cells - beforeCells);
}

/**
 * Compute buffer at one configuration. If a dry run was made there, its figure is used. Between dry runs it is linear over the context.
 * Over GPU layers it is the larger of the two neighbours, because llama.cpp's allocator varies a little up or down between similar
 * layer counts. Where the columns include the cache, which grows with each layer, it is linear over both.
 *
 * Contexts are compared after llama.cpp's padding, because 1,000 and 1,024 tokens make the same graph. The column of 0 layers is never
 * mixed with others: it has its own graph, and it may come from a build without a GPU.
 * Over 24 model shapes, every 256 tokens up to 32,768: within -1 % and +3 % of the GPU's total at 95 % of all points.
 *
 * With experts in RAM, the weights of one block at a time are copied to the GPU for each batch. How many blocks do that hardly
 * matters, so there is one table for all numbers of them.
 *
 * A cache with different types for K and V has no table of its own, so that no further dry runs are needed: the mean of its two types' tables is
 * used, because what grows with the context is one copy of K and one of V. Of a real model's total, that is -0.3 % to +2 % (Llama 2 7B and
 * Llama 3.1 8B, all pairs, all layers and half of them, 4,096 and 16,384 tokens; the larger of the two tables would be up to 5 % above). A model
 * of 100 MiB is off by up to 8 MiB. A CUDA build computes attention elsewhere for such a cache, which only the dry run at rest shows.
 */
export function computeBytes(surface: MemorySurface, at: MemoryPoint, side: Side): number {
  const known = confirmedPoint(surface, at);
  if (known !== undefined) return known[side];
  if (side === "gpuBytes" && at.tensorSplit !== undefined) {
    const cards = cardsOf(surface, at);
    if (cards.length > 1)
      return cards.reduce((sum, _, index) => sum + cardComputeBytes(surface, at, roleOf(index, cards.length)), 0);
  }
  return fromTable(surface, computeTable(surface, (at.expertBlocksInRam ?? 0) > 0), at, side);
}

const apartTables = new WeakMap<ComputeTable, ComputeTable>();

/**
 * The table for a cache in RAM, of which there are no samples: for each number of layers the most that this or a smaller one needs. Attention
 * is computed in RAM then, for every layer as for those that are not on the GPU. llama.cpp's dry runs with all layers, in MiB, with the cache
 * on the GPU, with half the layers, and with the cache in RAM: Llama 3.1 8B at 4,096 tokens 104, 132 and 120, at 32,768 tokens 132, 248 and
 * 184; Qwen3 30B with experts in RAM at 32,768 tokens 200, 233 and 230.
 */
export function withCacheApart(table: ComputeTable): ComputeTable {
  const known = apartTables.get(table) ?? ofEachElementType(type => highestOfFewer(table[type]));
  apartTables.set(table, known);
  return known;
}

function highestOfFewer(columns: readonly ComputeColumn[]): ComputeColumn[] {
  return columns.map(({ gpuLayers, points }) => {
    const fewer = columns.filter(
      column => gpuLayers === column.gpuLayers || (column.gpuLayers > 0 && column.gpuLayers < gpuLayers),
    );
    const contexts = new Set(fewer.flatMap(column => column.points.map(({ contextTokens }) => contextTokens)));
    const most = (contextTokens: number, side: Side) =>
      Math.max(...fewer.map(column => Math.ceil(onColumn(column, padUp(contextTokens, CONTEXT_PAD_TOKENS), side))));
    const highest = [...contexts]
      .sort((one, other) => one - other)
      .map(contextTokens => ({
        contextTokens,
        gpuBytes: most(contextTokens, "gpuBytes"),
        ramBytes: most(contextTokens, "ramBytes"),
      }));
    return { gpuLayers, points: gpuLayers === 0 ? points : highest };
  });
}

function fromTable(surface: MemorySurface, filled: ComputeTable, at: MemoryPoint, side: Side): number {
  const table = at.kvInRam ? withCacheApart(filled) : filled;
  const bytes = tableTypes(surface, at.kvType).map(type => betweenSamples(surface, table[type], at, side));
  return Math.ceil(mean(bytes));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The tables that say the compute buffer of a cache: see `computeBytes`. */
function tableTypes(surface: MemorySurface, kvType: KvType): readonly KvElementType[] {
  const { k, v } = elementTypesOf(kvType);
  const own = [k, v].find(type => k === v || filledAs(surface, type) === kvType);
  return own === undefined ? [k, v] : [own];
}

function betweenSamples(
  surface: MemorySurface,
  columns: readonly ComputeColumn[],
  at: MemoryPoint,
  side: Side,
): number {
  const cells = padUp(at.contextTokens, CONTEXT_PAD_TOKENS);
  const above = columns.findIndex(column => column.gpuLayers >= at.gpuLayers);
  const right = columns[above] ?? columns.at(-1);
  const left = columns[above - 1];
  if (right === undefined) return 0;
  const atRight = onColumn(right, cells, side);
  if (left === undefined || left.gpuLayers === 0 || right.gpuLayers <= at.gpuLayers) return Math.ceil(atRight);
  const ends = { left: left.gpuLayers, right: right.gpuLayers };
  return betweenColumns(surface, ends, onColumn(left, cells, side), atRight, at.gpuLayers);
}

type Side = "gpuBytes" | "ramBytes";

/** A card's place among those that have layers: the compute buffers of the first and the last differ from those between. */
export type CardRole = "only" | "first" | "middle" | "last";

export const roleOf = (index: number, count: number): CardRole =>
  count === 1 ? "only" : index === 0 ? "first" : index === count - 1 ? "last" : "middle";

/**
 * Compute buffer of one of several cards. It hardly depends on how many layers the card has: each runs one block at a time, and the
 * last one holds the logits. Without samples of several cards, the buffer of a card alone is the bound.
 */
export function cardComputeBytes(surface: MemorySurface, at: MemoryPoint, role: CardRole): number {
  return fromTable(surface, cardTable(surface, role, (at.expertBlocksInRam ?? 0) > 0), at, "gpuBytes");
}

function cardTable(surface: MemorySurface, role: CardRole, expertsInRam: boolean): ComputeTable {
  const tables = (expertsInRam ? surface.cardComputeExpertsInRam : undefined) ?? surface.cardCompute;
  return role === "only" || tables === undefined ? computeTable(surface, expertsInRam) : tables[role];
}

/** The cards of a split placement, with their layers. */
export const cardsOf = ({ model }: Pick<MemorySurface, "model">, { gpuLayers, tensorSplit = [] }: Placement) =>
  splitLayers(tensorSplit, firstGpuBlock(model.blocks, gpuLayers), gpuLayers);

/** Tensors that all blocks share (rope factors): a card that holds a block has a copy. They are counted with the last block. */
export function sharedBytes({ layers, gpuWeightsBytes, weightsSource }: MemorySurface): number {
  const lastBlock = layers.at(-2)?.weightsBytes ?? 0;
  return weightsSource === "dry-run"
    ? 0
    : Math.max(0, (gpuWeightsBytes[2] ?? 0) - (gpuWeightsBytes[1] ?? 0) - lastBlock);
}

export const holdsBlocks = ({ firstLayer }: CardLayers, { model }: MemorySurface): boolean => firstLayer < model.blocks;

type PlacementConfig = Pick<
  LoadConfig,
  "gpuLayers" | "expertBlocksInRam" | "borderExpertsOnGpu" | "tensorSplit" | "kvInRam"
>;

/** The bare placement, as a configuration says it: without what is at its usual place. */
export const placementOf = ({
  gpuLayers,
  expertBlocksInRam = 0,
  borderExpertsOnGpu,
  tensorSplit,
  kvInRam,
}: Placement): PlacementConfig => ({
  gpuLayers,
  ...(expertBlocksInRam > 0 && { expertBlocksInRam }),
  ...(expertBlocksInRam > 0 && borderExpertsOnGpu !== undefined && { borderExpertsOnGpu }),
  ...(tensorSplit !== undefined && gpuLayers > 0 && { tensorSplit: [...tensorSplit] }),
  ...(kvInRam && gpuLayers > 0 && { kvInRam: true as const }),
});

/** Compared as llama.cpp sees them. */
export const samePlacement = (one: Placement, other: Placement): boolean =>
  one.gpuLayers === other.gpuLayers &&
  (one.expertBlocksInRam ?? 0) === (other.expertBlocksInRam ?? 0) &&
  one.borderExpertsOnGpu === other.borderExpertsOnGpu &&
  (one.kvInRam ?? false) === (other.kvInRam ?? false) &&
  sameSplit(one.tensorSplit, other.tensorSplit);

/** The value of `expertBlocksInRam` with which all experts are in RAM; 0 for a model without experts. */
export const expertBlocks = ({ layers }: MemorySurface): number =>
  (layers.findLast(({ expertBytes }) => expertBytes > 0)?.index ?? -1) + 1;

/** The surface for an engine whose dry runs do not move experts as they should: whole layers only. */
export function withExpertsInLayers(surface: MemorySurface): MemorySurface {
  const { computeExpertsInRam: _unusable, ...whole } = surface;
  return whole;
}

/** CUDA rounds each row's end up to 512 elements, which is less than this for a tensor of any type. */
const TENSOR_PADDING_BYTES = 1024;

/**
 * Whether the weights of a placement with experts in RAM differ from the closed form only by the padding that the expert tensors have on the
 * card and not in RAM. @see llama.cpp ggml/src/ggml-cuda/ggml-cuda.cu (ggml_backend_cuda_buffer_type_get_alloc_size)
 */
export function isOnlyPadding({ layers }: MemorySurface, ...errors: readonly number[]): boolean {
  const matrices = layers.reduce((sum, { expertMatrixBytes = {} }) => sum + Object.keys(expertMatrixBytes).length, 0);
  // A matrix of shared experts and the router may be with each of them.
  return errors.every(bytes => Math.abs(bytes) <= 2 * matrices * TENSOR_PADDING_BYTES);
}

/** An engine that cannot keep experts in RAM has one table. */
const computeTable = (surface: MemorySurface, expertsInRam: boolean): ComputeTable =>
  (expertsInRam ? surface.computeExpertsInRam : undefined) ?? surface.compute;

const confirmedAt = (surface: MemorySurface, cells: number, kvType: KvType): readonly ConfirmedPoint[] =>
  (surface.confirmed ?? []).filter(
    point => point.contextTokens === cells && point.kvType === kvType && point.sequences === undefined,
  );

const otherSequences = new WeakMap<MemorySurface, Map<number, MemorySurface>>();

/**
 * The surface for another number of answers at once. Each has its own cache and its own recurrent state. The compute buffer is computed for
 * one batch, whichever answers its tokens belong to: llama.cpp's dry runs differ by -1.2 to +3.4 MB from 1 to 16 sequences (SmolLM2 135M), and a
 * confirmed point holds the exact figure.
 */
export function withSequences(surface: MemorySurface, sequences: number): MemorySurface {
  if (sequences === surface.sequences) return surface;
  const made = otherSequences.get(surface) ?? new Map<number, MemorySurface>();
  otherSequences.set(surface, made);
  const known = made.get(sequences);
  if (known !== undefined) return known;
  const ratio = sequences / surface.sequences;
  const other: MemorySurface = {
    ...surface,
    sequences,
    layers: surface.layers.map(layer => ({
      ...layer,
      kv: { ...layer.kv, fixedBytes: Math.round(layer.kv.fixedBytes * ratio) },
    })),
    confirmed: (surface.confirmed ?? [])
      .filter(point => point.sequences === sequences)
      .map(({ sequences: _, ...point }) => point),
  };
  made.set(sequences, other);
  return other;
}

/** The dry run of exactly this configuration, if one was made. */
export const confirmedPoint = (surface: MemorySurface, at: MemoryPoint): ConfirmedPoint | undefined =>
  confirmedAt(surface, padUp(at.contextTokens, CONTEXT_PAD_TOKENS), at.kvType).find(point => samePlacement(point, at));

function betweenColumns(
  { kvSource }: MemorySurface,
  layers: { readonly left: number; readonly right: number },
  left: number,
  right: number,
  gpuLayers: number,
): number {
  if (kvSource === "closed-form") return Math.ceil(Math.max(left, right));
  return Math.ceil(left + ((right - left) * (gpuLayers - layers.left)) / (layers.right - layers.left));
}

/** `computeBytes` on the GPU for k = 0..L+1 in one pass, so that each column is read once; on request with all experts in RAM. */
export function gpuComputeBytes(
  surface: MemorySurface,
  contextTokens: number,
  kvType: KvType,
  expertsInRam = false,
): Float64Array {
  const cells = padUp(contextTokens, CONTEXT_PAD_TOKENS);
  const bytes = new Float64Array(surface.model.blocks + 2);
  const table = computeTable(surface, expertsInRam);
  const types = tableTypes(surface, kvType);
  for (const type of types) addColumns(bytes, surface, table[type], cells);
  if (types.length > 1) for (const [k, sum] of bytes.entries()) bytes[k] = Math.ceil(sum / types.length);
  for (const point of confirmedAt(surface, cells, kvType))
    if (
      samePlacement(point, { gpuLayers: point.gpuLayers, expertBlocksInRam: expertsInRam ? expertBlocks(surface) : 0 })
    )
      bytes[point.gpuLayers] = point.gpuBytes;
  return bytes;
}

function addColumns(
  bytes: Float64Array,
  surface: MemorySurface,
  columns: readonly ComputeColumn[],
  cells: number,
): void {
  const add = (gpuLayers: number, more: number) => {
    bytes[gpuLayers] = (bytes[gpuLayers] ?? 0) + more;
  };
  let leftLayers = -1;
  let left = 0;
  for (const column of columns) {
    const right = onColumn(column, cells, "gpuBytes");
    const ends = { left: leftLayers, right: column.gpuLayers };
    for (let gpuLayers = leftLayers + 1; gpuLayers < column.gpuLayers; gpuLayers++)
      add(gpuLayers, leftLayers <= 0 ? Math.ceil(right) : betweenColumns(surface, ends, left, right, gpuLayers));
    add(column.gpuLayers, Math.ceil(right));
    leftLayers = column.gpuLayers;
    left = right;
  }
  for (let gpuLayers = leftLayers + 1; gpuLayers < bytes.length; gpuLayers++) add(gpuLayers, Math.ceil(left));
}

/**
 * The rows of logits that llama.cpp copies its answers from: one for each answer at once, in system memory wherever the layers are. Neither
 * its dry run nor its count of what is loaded has them.
 *
 * @see llama.cpp src/llama-context.cpp output_reserve
 */
export const logitsBytes = (vocabularySize: number, sequences: number): number =>
  vocabularySize * sequences * F32_BYTES;

/** `logitsBytes` of a surface. */
export const logitsBytesOf = ({ model, sequences }: Pick<MemorySurface, "model" | "sequences">): number =>
  logitsBytes(model.vocabularySize, sequences);

/**
 * The least compute buffer of a device whose layers end before `endLayer`. The one with the output layer, which follows the blocks, holds
 * a batch's logits and what they are computed from: llama.cpp reserves both for each token of a batch.
 * @see llama.cpp src/llama-context.cpp graph_reserve
 */
export function leastComputeBytes(
  { model, batchTokens }: MemorySurface,
  contextTokens: number,
  endLayer: number,
): number {
  if (endLayer <= model.blocks) return 0;
  const tokens = Math.min(batchTokens, padUp(contextTokens, CONTEXT_PAD_TOKENS));
  return tokens * (model.vocabularySize + model.embeddingLength) * F32_BYTES;
}

/** The rows that llama.cpp adds at the first guessed tokens: one for each that a step checks. Guessing can be switched on without a load. */
export const guessBytesOf = ({ model }: Pick<MemorySurface, "model">): number =>
  logitsBytes(model.vocabularySize, MOST_DRAFT_TOKENS);

export const memoryParts = (weightsBytes: number, kvBytes: number, computePartBytes: number): MemoryParts => ({
  weightsBytes,
  kvBytes,
  computeBytes: computePartBytes,
  overheadBytes: 0,
  totalBytes: weightsBytes + kvBytes + computePartBytes,
});

/** Weights that are in RAM although their block is on the GPU. */
export function expertBytesApart({ layers, model }: MemorySurface, placement: Placement): number {
  const firstOnGpu = firstGpuBlock(model.blocks, placement.gpuLayers);
  let bytes = 0;
  for (const layer of layers) if (layer.index >= firstOnGpu) bytes += expertBytesInRam(layer, placement);
  return bytes;
}

/**
 * What llama.cpp allocates at this point, by device and by part. Weights and KV are exact. Compute is exact where a dry run
 * was made: see `computeBytes`; in system memory it includes the logits. The overhead outside the buffers is not included: see learn-overhead.ts.
 */
export function memoryNeed(any: MemorySurface, at: MemoryPoint): { gpu: MemoryParts; ram: MemoryParts } {
  const surface = withSequences(any, at.sequences ?? any.sequences);
  const blocks = surface.model.blocks;
  const firstOnGpu = firstGpuBlock(blocks, at.gpuLayers);
  let gpuKvBytes = 0;
  let ramKvBytes = 0;
  for (const layer of surface.layers) {
    const kvBytes = kvBytesOfLayer(layer, at, surface);
    if (layer.index >= firstOnGpu && !at.kvInRam) gpuKvBytes += kvBytes;
    else ramKvBytes += kvBytes;
  }
  const apartBytes = expertBytesApart(surface, at);
  const copies =
    at.tensorSplit === undefined ? 1 : cardsOf(surface, at).filter(card => holdsBlocks(card, surface)).length;
  const copiedBytes = Math.max(0, copies - 1) * sharedBytes(surface);
  const gpuWeightsBytes = (surface.gpuWeightsBytes[at.gpuLayers] ?? 0) - apartBytes + copiedBytes;
  const ramWeightsBytes = (surface.ramWeightsBytes[at.gpuLayers] ?? 0) + apartBytes;
  return {
    gpu: memoryParts(gpuWeightsBytes, gpuKvBytes, computeBytes(surface, at, "gpuBytes")),
    ram: memoryParts(ramWeightsBytes, ramKvBytes, computeBytes(surface, at, "ramBytes") + logitsBytesOf(surface)),
  };
}
