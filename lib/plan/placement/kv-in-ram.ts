import type { GpuMemory, PooledCard } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { type Placement, withCacheApart } from "../memory/memory-need";
import { decodeSeconds, isKnownCard } from "../speed/speed-parts";
import { wouldSwap } from "./plan-ram";

/**
 * Whether the KV cache is in RAM: it was chosen, or "auto" chose it for this placement, and the engine can keep it there.
 *
 * @param placement left out if nothing is placed yet
 */
export const hasKvInRam = (
  gpu: GpuMemory | null,
  { KV_IN_RAM }: Pick<PlanSettings, "KV_IN_RAM">,
  placement: Pick<Placement, "kvInRam"> = {},
): boolean => gpu?.placesExperts === true && (KV_IN_RAM === "auto" ? placement.kvInRam === true : KV_IN_RAM);

/** Whether the planner decides where the cache is. A number of layers that was chosen by hand keeps its cache with it. */
export const choosesKvPlace = (
  gpu: GpuMemory,
  { KV_IN_RAM, LAYERS }: Pick<PlanSettings, "KV_IN_RAM" | "LAYERS">,
): boolean => gpu.placesExperts === true && KV_IN_RAM === "auto" && LAYERS === "auto";

/** Where the card is in no table, or system memory was not measured, the cache leaves the card only for this much more speed. */
const UNSURE_GAIN = 1.25;

/**
 * Whether a placement with the cache in RAM is chosen over one with it on the card: it must be predicted to write faster with a full context.
 * What is in RAM is read there once a token in either case, be it cache or weights, and attention is computed where its cache is. So this
 * pays only where much of the cache is not read for one answer (several answers at once), or where hardly a layer fits with its cache.
 * With an emptier context it is faster by more.
 */
export function isCacheBetterInRam(
  surface: MemorySurface,
  gpu: GpuMemory,
  { N_CTX, KV_CACHE_QUANT }: PlanSettings,
  inRam: Placement,
  onCard: Placement,
): boolean {
  if (inRam.gpuLayers === 0) return false;
  const secondsOf = decodeSeconds(surface, gpu, { contextTokens: N_CTX, kvType: KV_CACHE_QUANT });
  const isSure = isKnownCard(gpu) && gpu.ramBytesPerSecond !== undefined;
  return secondsOf(inRam) * (isSure ? 1 : UNSURE_GAIN) < secondsOf(onCard);
}

/**
 * Whether any placement with the cache in RAM can be chosen over this one: the fastest of them, with all weights on the fastest card, bounds
 * the others. It saves most of the searches. Where layers run no slower in RAM than on the GPU there is no such bound.
 */
export function couldPayInRam(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  onCard: Placement,
): boolean {
  if (gpu.kind !== "dedicated" || wouldSwap(surface, gpu, settings, onCard)) return true;
  const gpuLayers = surface.model.blocks + 1;
  const onOne = ({ position = 0 }: Pick<PooledCard, "position">) =>
    Array.from({ length: position + 1 }, (_, index) => (index === position ? gpuLayers : 0));
  const splits = gpu.cards === undefined ? [undefined] : gpu.cards.map(onOne);
  return splits.some(tensorSplit =>
    isCacheBetterInRam(surface, gpu, settings, { gpuLayers, tensorSplit, kvInRam: true }, onCard),
  );
}

const known = new WeakMap<MemorySurface, MemorySurface>();

/**
 * What decides where layers go when the cache is in RAM: layers without a cache, and the compute buffers that this takes.
 * For the arguments of a function that chooses placements.
 */
export function withKvInRam(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
): [MemorySurface, GpuMemory, PlanSettings] {
  const bare = known.get(surface) ?? withoutKv(surface);
  known.set(surface, bare);
  return [bare, gpu, { ...settings, KV_IN_RAM: false }];
}

const ofCards = ({ first, middle, last }: NonNullable<MemorySurface["cardCompute"]>) => ({
  first: withCacheApart(first),
  middle: withCacheApart(middle),
  last: withCacheApart(last),
});

const withoutKv = (surface: MemorySurface): MemorySurface => ({
  ...surface,
  compute: withCacheApart(surface.compute),
  computeExpertsInRam: surface.computeExpertsInRam && withCacheApart(surface.computeExpertsInRam),
  cardCompute: surface.cardCompute && ofCards(surface.cardCompute),
  cardComputeExpertsInRam: surface.cardComputeExpertsInRam && ofCards(surface.cardComputeExpertsInRam),
  layers: surface.layers.map(layer => ({
    ...layer,
    kv: { growth: "none", windowTokens: 0, kElementsPerCell: 0, vElementsPerCell: 0, fixedBytes: 0 },
  })),
  confirmed: (surface.confirmed ?? []).flatMap(({ kvInRam, ...point }) => (kvInRam ? [point] : [])),
});
