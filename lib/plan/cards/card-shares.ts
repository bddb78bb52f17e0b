import type { GpuMemory, PooledCard } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { F32_BYTES, formatMib } from "@/lib/units/bytes";
import { sum } from "@/lib/units/sum";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import type { PlannedLayer, PlanWarning } from "./layer-plan";

/** What llama.cpp would put on one of several cards. */
export interface CardShare {
  readonly card: PooledCard;
  readonly layers: readonly PlannedLayer[];
  readonly weightsBytes: number;
  readonly kvBytes: number;
  /** Approximate: a dry run gives only the sum of all cards. */
  readonly computeBytes: number;
  /** What is free for the next load: a reload releases what our engine holds. */
  readonly roomBytes: number;
}

const F16_BYTES = 2;

const roomOf = ({ freeBytes, heldByEngineBytes }: PooledCard): number => freeBytes + heldByEngineBytes;

/**
 * The layers of each card, as llama.cpp splits them by default: in proportion to free memory, the first layers on the first
 * card, the output as one more layer. Computed in 32-bit floats, as llama.cpp does. @see llama.cpp src/llama-model.cpp load_tensors, splits
 */
function layersByCard(cards: readonly PooledCard[], onGpu: readonly PlannedLayer[]): PlannedLayer[][] {
  const total = Math.fround(sum(cards.map(roomOf)));
  let filled = 0;
  const ends = cards.map(card => {
    filled = Math.fround(filled + roomOf(card));
    return Math.fround(filled / total);
  });
  const split = cards.map((): PlannedLayer[] => []);
  onGpu.forEach((layer, position) => {
    const at = ends.findIndex(end => end > Math.fround(position / onGpu.length));
    split[at === -1 ? cards.length - 1 : at]?.push(layer);
  });
  return split;
}

/** The compute buffers of all cards together, from dry runs. */
export interface PooledCompute {
  readonly contextTokens: number;
  readonly totalBytes: number;
  /** The same with all layers on the cards. */
  readonly fullBytes: number;
}

/** With all layers on several cards, llama.cpp runs the cards as a pipeline and keeps four copies of each card's input. @see GGML_SCHED_MAX_COPIES */
const FURTHER_COPIES = 3;

/** The three further copies on one card: each holds the mask in f16 and two hidden states of a batch. */
function pipelineBytes({ batchTokens, model }: MemorySurface, contextTokens: number): number {
  const cells = padUp(contextTokens, CONTEXT_PAD_TOKENS);
  return FURTHER_COPIES * batchTokens * (cells * F16_BYTES + 2 * model.embeddingLength * F32_BYTES);
}

/** The same for each card, because each runs one block at a time. The last card holds the logits of a batch, where those need more. */
function evenly(surface: MemorySurface, count: number, bytes: number): number[] {
  const { vocabularySize, embeddingLength } = surface.model;
  const logitsBytes = surface.batchTokens * (vocabularySize + 2 * embeddingLength) * F32_BYTES;
  const last = Math.max(bytes / count, Math.min(bytes, logitsBytes));
  const each = (bytes - last) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, index) => (index === count - 1 ? last : each));
}

/**
 * The approximate compute buffer of each card: a dry run gives only their sum. While blocks stay in system memory, their weights are
 * copied to the first card for each batch. That makes the first card's buffer larger than the others.
 *
 * llama.cpp's log on two software cards, in MiB: SmolLM2 at 4,096 tokens 31.8 and 117.7 with all 31 layers, 17.7 and 97.1 with 20;
 * the uneven shape of the tests 180 and 132 with 10 layers of 17, and with 16.
 */
function computeOf(surface: MemorySurface, count: number, isFull: boolean, compute: PooledCompute): number[] {
  const { totalBytes, fullBytes, contextTokens } = compute;
  const copies = pipelineBytes(surface, contextTokens);
  const bare = evenly(surface, count, Math.max(0, fullBytes - count * copies));
  if (isFull && totalBytes >= count * copies) return bare.map(bytes => bytes + copies);
  const plain = evenly(surface, count, totalBytes);
  const others = bare.slice(1);
  const first = totalBytes - sum(others);
  // An estimate without dry runs does not know this difference.
  return isFull || first < (plain[0] ?? 0) ? plain : [first, ...others];
}

export function cardShares(
  cards: readonly PooledCard[],
  surface: MemorySurface,
  perLayer: readonly PlannedLayer[],
  pooled: PooledCompute,
): CardShare[] {
  const onGpu = perLayer.filter(({ device }) => device === "gpu");
  const split = layersByCard(cards, onGpu);
  const isFull = onGpu.length > surface.model.blocks;
  const compute = computeOf(surface, split.filter(layers => layers.length > 0).length, isFull, pooled);
  return cards.map((card, index) => {
    const layers = split[index] ?? [];
    return {
      card,
      layers,
      weightsBytes: sum(layers.map(({ weightsBytes }) => weightsBytes)),
      kvBytes: sum(layers.map(({ kvBytes }) => kvBytes)),
      computeBytes: layers.length === 0 ? 0 : Math.round(compute.shift() ?? 0),
      roomBytes: roomOf(card),
    };
  });
}

function layerWords(layers: readonly PlannedLayer[]): string {
  const blocks = layers.filter(({ role }) => role === "block").map(({ index }) => index);
  const first = blocks[0];
  const last = blocks.at(-1);
  const words = first === undefined ? [] : [first === last ? `block ${first}` : `blocks ${first} to ${last}`];
  if (layers.some(({ role }) => role === "output")) words.push("the output layer");
  return words.join(" and ");
}

/** Warns of cards that may be too small for their part although the sum fits: Headroom plans several cards as one pool. */
export function cardWarnings(
  gpu: GpuMemory,
  surface: MemorySurface,
  perLayer: readonly PlannedLayer[],
  compute: PooledCompute,
): PlanWarning[] {
  const cards = gpu.cards ?? [];
  if (cards.length < 2 || !perLayer.some(({ device }) => device === "gpu")) return [];
  const overheadBytes = gpu.overhead.bytes / cards.length;
  const sentences = cardShares(cards, surface, perLayer, compute).flatMap((share, index) => {
    const { card, layers, weightsBytes, kvBytes, computeBytes, roomBytes } = share;
    if (layers.length === 0) return [];
    const buffersBytes = weightsBytes + kvBytes + computeBytes;
    const isOver = buffersBytes > roomBytes;
    const needBytes = isOver ? buffersBytes : buffersBytes + overheadBytes;
    if (needBytes <= roomBytes) return [];
    const parts = [weightsBytes, kvBytes, computeBytes, ...(isOver ? [] : [overheadBytes])].map(bytes =>
      formatMib(bytes, 0),
    );
    return [
      `Card ${index} (${card.name}) could overflow by about ${formatMib(needBytes - roomBytes, 0)}: llama.cpp would give it ` +
        `${layerWords(layers)}, ${parts.join(" + ")} (weights, KV cache, compute${isOver ? "" : ", overhead"}) = ` +
        `${formatMib(needBytes, 0)}, and ${formatMib(roomBytes, 0)} of it can be used.`,
    ];
  });
  if (sentences.length === 0) return [];
  const remedy = "Cards are planned together, by their sum: choose fewer GPU layers, or less context.";
  return [{ code: "card-overflow", message: [...sentences, remedy].join(" ") }];
}
