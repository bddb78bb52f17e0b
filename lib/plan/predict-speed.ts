import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { LayerMemory, MemorySurface } from "@/lib/schema/memory-surface";
import type { MachineSpeed, PlanSpeed, SpeedRange } from "@/lib/schema/plan-speed";
import { cardBytesPerSecond } from "./card-bandwidth";
import type { LayerPlan } from "./layer-plan";
import { firstGpuBlock, kvBytesOfLayer, type MemoryPoint, type Placement } from "./memory-need";

/** What a prediction needs of a plan. */
export type PlacedPlan = Pick<LayerPlan, "gpuLayers" | "contextTokens" | "kvType"> &
  Pick<MemoryPoint, "expertBlocksInRam">;

/** Answers begin with about this much in the context. */
const NEARLY_EMPTY_TOKENS = 256;

/**
 * On the CPU, attention over a long context is limited by arithmetic, not by bytes: seconds for each element of the attention's
 * width and each token in the context. Measured on 2 threads with flash attention, 3,000 tokens: 37 M elements took 7.3 ms more
 * than an empty context, 98 M 11.4 ms, 111 M 19.6 ms. @see the design's placement.md
 */
const ATTENTION_SECONDS_PER_ELEMENT = 1.6e-10;

/** Starting a block's kernels, and handing the activations over where the device changes. Assumed: past loads correct the sum. */
const GPU_BLOCK_SECONDS = 12e-6;
const CPU_BLOCK_SECONDS = 20e-6;
const CROSSING_SECONDS = 60e-6;

/** How far the truth may be off before anything was measured, and after: bandwidths are data sheets' figures, which no program reaches. */
const UNMEASURED = { low: 0.65, high: 1.1 };
const MEASURED = { low: 0.92, high: 1.08 };

/**
 * How fast this plan would answer. The seconds that a token takes are the bytes read on each device divided by its bandwidth, the
 * attention's arithmetic on the CPU, and a fixed cost for each block and each change of device. What past loads measured corrects it.
 *
 * @returns null where layers are on a card whose bandwidth is in no table and which no load has measured yet
 */
export function predictSpeed(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  plan: PlacedPlan,
  machine: MachineSpeed,
): PlanSpeed | null {
  const correction = correctionOf(gpu, plan, machine);
  const gpuBytesPerSecond = gpu === null ? null : bandwidthOf(gpu, machine.ramBytesPerSecond);
  if (plan.gpuLayers > 0 && gpuBytesPerSecond === null && correction === null) return null;
  const bandwidth = { gpu: gpuBytesPerSecond ?? USUAL_GPU_BYTES_PER_SECOND, cpu: machine.ramBytesPerSecond };
  const range = (tokens: number) => rangeOf(secondsPerToken(surface, plan, bandwidth, tokens)(plan), correction);
  return {
    decodeEmpty: range(Math.min(NEARLY_EMPTY_TOKENS, plan.contextTokens)),
    decodeFull: range(plan.contextTokens),
  };
}

/** A correction was measured on this computer's card, so it says nothing about one that is only assumed. */
function correctionOf(gpu: GpuMemory | null, { gpuLayers }: PlacedPlan, machine: MachineSpeed): number | null {
  if (gpuLayers === 0) return machine.cpuCorrection;
  return gpu?.source === "assumed" ? null : machine.gpuCorrection;
}

/** A card in no table counts as a usual one: the correction that a load measured is relative to this. */
const USUAL_GPU_BYTES_PER_SECOND = 300e9;

/** A GPU without memory of its own reads system memory. Of several cards, the slowest decides. */
function bandwidthOf(gpu: GpuMemory, ramBytesPerSecond: number): number | null {
  if (gpu.kind === "software" || gpu.kind === "shared") return ramBytesPerSecond;
  const names = gpu.cards?.map(({ name }) => name) ?? [gpu.name];
  const known = names.map(cardBytesPerSecond);
  return known.includes(null) ? null : Math.min(...known.filter(rate => rate !== null));
}

/** Assumed until it was measured: dual-channel DDR4, as llama.cpp reads it. */
export const USUAL_RAM_BYTES_PER_SECOND = 28e9;

type Bandwidth = Readonly<Record<"gpu" | "cpu", number>>;

/**
 * Seconds a token at a full context, for any placement of this model on this card, without what past loads measured: placements
 * compare by it. The sums over the layers are made once, because the planner compares some thousand placements.
 */
export function decodeSeconds(
  surface: MemorySurface,
  gpu: GpuMemory,
  at: Pick<MemoryPoint, "contextTokens" | "kvType">,
): (placement: Placement) => number {
  const cpu = gpu.ramBytesPerSecond ?? USUAL_RAM_BYTES_PER_SECOND;
  const bandwidth = { gpu: bandwidthOf(gpu, cpu) ?? USUAL_GPU_BYTES_PER_SECOND, cpu };
  return secondsPerToken(surface, at, bandwidth, at.contextTokens);
}

function secondsPerToken(
  surface: MemorySurface,
  { kvType }: Pick<MemoryPoint, "kvType">,
  bandwidth: Bandwidth,
  tokens: number,
): (placement: Placement) => number {
  // Entry i: the sum over the layers before i.
  const onGpu = [0];
  const onCpu = [0];
  const apart = [0];
  for (const layer of surface.layers) {
    const bytes =
      layer.activeBytes + kvBytesOfLayer(layer, { contextTokens: tokens, kvType }, { ...surface, sequences: 1 });
    onGpu.push((onGpu.at(-1) ?? 0) + bytes / bandwidth.gpu + GPU_BLOCK_SECONDS);
    onCpu.push((onCpu.at(-1) ?? 0) + bytes / bandwidth.cpu + CPU_BLOCK_SECONDS + attentionSeconds(layer, tokens));
    apart.push((apart.at(-1) ?? 0) + apartSeconds(layer, bandwidth));
  }
  const between = (sums: readonly number[], from: number, to: number) => (sums[to] ?? 0) - (sums[from] ?? 0);
  return ({ gpuLayers, expertBlocksInRam = 0 }) => {
    const first = firstGpuBlock(surface.model.blocks, gpuLayers);
    const crossing = gpuLayers > 0 ? CROSSING_SECONDS : 0;
    const layers = between(onCpu, 0, first) + between(onGpu, first, surface.layers.length);
    return layers + crossing + between(apart, first, Math.max(first, expertBlocksInRam));
  };
}

/** What it costs a block on the GPU to have its experts in RAM: they are read there, and the activations go there and back. */
function apartSeconds({ weightsBytes, activeBytes, expertBytes }: LayerMemory, bandwidth: Bandwidth): number {
  if (expertBytes === 0) return 0;
  const activeExpertBytes = expertBytes - (weightsBytes - activeBytes);
  const extra = activeExpertBytes / bandwidth.cpu - activeExpertBytes / bandwidth.gpu;
  return extra + CPU_BLOCK_SECONDS + 2 * CROSSING_SECONDS;
}

/** Head sizes that are no multiple of 32 fall off llama.cpp's fast path: head size 80 took 126 ms for 184 M elements. */
const SLOW_HEAD_FACTOR = 4.3;

function attentionSeconds({ attentionWidth, attentionHeads, kv }: LayerMemory, tokens: number): number {
  const isSlow = attentionHeads > 0 && (attentionWidth / attentionHeads) % 32 !== 0;
  const seconds = attentionWidth * attendedTokens(kv, tokens) * ATTENTION_SECONDS_PER_ELEMENT;
  return isSlow ? seconds * SLOW_HEAD_FACTOR : seconds;
}

const attendedTokens = (kv: MemorySurface["layers"][number]["kv"], tokens: number): number =>
  kv.growth === "window" ? Math.min(kv.windowTokens, tokens) : kv.growth === "none" ? 0 : tokens;

function rangeOf(seconds: number, correction: number | null): SpeedRange {
  const { low, high } = correction === null ? UNMEASURED : MEASURED;
  const tokensPerSecond = (correction ?? 1) / seconds;
  return { low: tokensPerSecond * low, high: tokensPerSecond * high, measured: correction !== null };
}

/** The middle of a prediction, which measurements are compared with. */
export const middleOf = ({ low, high }: SpeedRange): number => (low + high) / 2;

/** Tokens a second for eyes: 4.2, 45, 1,200. */
export const formatRate = (rate: number): string =>
  rate < 9.5 ? rate.toFixed(1) : Math.round(rate).toLocaleString("en-US");

/** "38 to 46 tokens/s"; "about 42 tokens/s" once a load was measured. */
export function formatSpeed(range: SpeedRange): string {
  if (range.measured) return `about ${formatRate(middleOf(range))} tokens/s`;
  const [low, high] = [formatRate(range.low), formatRate(range.high)];
  return low === high ? `about ${low} tokens/s` : `${low} to ${high} tokens/s`;
}
