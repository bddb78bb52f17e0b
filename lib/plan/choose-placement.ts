import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings";
import { budgetBytes } from "./budget";
import { CardChooser } from "./choose-on-cards";
import { ExpertLadder, type PricedPlacement } from "./expert-ladder";
import { confirmedPlacements, fitNeed, fitNeeds, mostGpuLayers } from "./fit-needs";
import { choosesKvPlace, couldPayInRam, hasKvInRam, isCacheBetterInRam, withKvInRam } from "./kv-in-ram";
import { computeBytes, expertBlocks, firstGpuBlock, memoryNeed, type Placement } from "./memory-need";
import { wouldSwap } from "./plan-ram";
import { decodeSeconds } from "./speed-parts";
import { attentionLeavesCard } from "./usable-kv-types";

/** Everything on the CPU takes nothing of the card. */
export const ON_CPU: PricedPlacement = { gpuLayers: 0, expertBlocksInRam: 0, needBytes: 0 };

/** Whether experts of this model can be in RAM while the rest of their block is on this card. */
export const canPlaceExperts = (surface: MemorySurface, gpu: GpuMemory | null): boolean =>
  gpu?.placesExperts === true && surface.computeExpertsInRam !== undefined;

/**
 * Which parts of the model go on the GPU: `LAYERS` and `EXPERTS_IN_RAM` where they are numbers, and otherwise the fastest that fits.
 *
 * A model without experts gets the most layers that fit. With experts there are two ways to save VRAM: to leave whole layers to the
 * CPU, or to leave only experts in RAM, of which each token reads a few. The second reads less from RAM but changes device twice
 * in each such block, so neither is always faster: of all that fit, the one with the fewest seconds a token at a full context is taken.
 * On a tie it is the one with more on the GPU. None that would make the computer swap is taken, unless all would. Over several cards
 * the layers are shared so that none overflows (choose-on-cards.ts).
 */
export function choosePlacement(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): PricedPlacement {
  if (choosesKvPlace(gpu, settings)) return withCacheInItsPlace(surface, gpu, settings);
  if (hasKvInRam(gpu, settings)) return markKv(choosePlacement(...withKvInRam(surface, gpu, settings)));
  const onCards = cardChooser(surface, gpu, settings);
  if (onCards !== null) {
    return onCards.remembered(() => {
      const chosen = onCards.choose();
      return chosen === null ? ON_CPU : { ...chosen, needBytes: onCards.needBytes(chosen) };
    });
  }
  const budget = budgetBytes(gpu, settings.TARGET_VRAM_USAGE);
  const ladders = laddersOf(surface, gpu, settings);
  if (settings.LAYERS !== "auto") {
    const chosen = ladders[Math.min(settings.LAYERS, surface.model.blocks + 1)];
    return chosen?.firstWithin(budget) ?? chosen?.bottom ?? ON_CPU;
  }
  if (!canPlaceExperts(surface, gpu)) {
    const needs = Float64Array.from(ladders, ladder => ladder.top?.needBytes ?? 0);
    const most = mostGpuLayers(needs, budget);
    for (let gpuLayers = most; gpuLayers >= 0; gpuLayers--)
      if ((gpuLayers === 0 || (needs[gpuLayers] ?? 0) <= budget) && !wouldSwap(surface, gpu, settings, { gpuLayers }))
        return ladders[gpuLayers]?.top ?? ON_CPU;
    return ladders[most]?.top ?? ON_CPU;
  }
  const fastest = (swaps: (placement: Placement) => boolean) =>
    fastestOf(surface, gpu, settings, { ladders, budget, swaps });
  const swaps = (placement: Placement) => wouldSwap(surface, gpu, settings, placement);
  const found = fastest(() => false);
  if (found === null || !swaps(found)) return found ?? ON_CPU;
  return fastest(swaps) ?? (swaps(ON_CPU) ? found : ON_CPU);
}

/** The cache on the card, unless the model is predicted to write faster with it in RAM. */
function withCacheInItsPlace(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): PricedPlacement {
  const onCard = choosePlacement(surface, gpu, { ...settings, KV_IN_RAM: false });
  // A cache that the card's attention reads is slower in RAM, so that there must be more on the card in exchange.
  const isReadThere = !attentionLeavesCard(settings.KV_CACHE_QUANT, surface.flashAttention, gpu);
  const isAll = onCard.gpuLayers === surface.model.blocks + 1 && onCard.expertBlocksInRam === 0;
  if (isReadThere && (isAll || !couldPayInRam(surface, gpu, settings, onCard))) return onCard;
  const inRam = choosePlacement(surface, gpu, { ...settings, KV_IN_RAM: true });
  if (isReadThere && moreOnGpu(inRam, onCard) <= 0) return onCard;
  const swaps = (placement: Placement) => wouldSwap(surface, gpu, settings, placement);
  if (swaps(inRam) !== swaps(onCard)) return swaps(inRam) ? onCard : inRam;
  return isCacheBetterInRam(surface, gpu, settings, inRam, onCard) ? inRam : onCard;
}

/** Positive where the first has more on the GPU: more layers, or as many with fewer experts in RAM. */
export const moreOnGpu = (one: Placement, other: Placement): number =>
  one.gpuLayers - other.gpuLayers ||
  (other.expertBlocksInRam ?? 0) - (one.expertBlocksInRam ?? 0) ||
  Number(one.borderExpertsOnGpu !== undefined) - Number(other.borderExpertsOnGpu !== undefined);

const cardChooser = (surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): CardChooser | null =>
  CardChooser.of(surface, gpu, settings, canPlaceExperts(surface, gpu));

const markKv = (placement: PricedPlacement): PricedPlacement =>
  placement.gpuLayers === 0 ? placement : { ...placement, kvInRam: true };

/** Whether this placement fits at these settings' context, whatever is chosen for layers and experts; over several cards with any split of its layers. */
export function placementFits(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  placement: Placement,
): boolean {
  if (hasKvInRam(gpu, settings, placement)) return placementFits(...withKvInRam(surface, gpu, settings), placement);
  const onCards = cardChooser(surface, gpu, settings);
  if (onCards !== null) return onCards.fits(placement);
  const { N_CTX, KV_CACHE_QUANT, TARGET_VRAM_USAGE } = settings;
  return fitNeed(surface, placement, N_CTX, KV_CACHE_QUANT) <= budgetBytes(gpu, TARGET_VRAM_USAGE);
}

/**
 * The placements that would be better than the chosen one and might fit, although they need more bytes than the budget; the best first.
 *
 * @param doubtShare the share of the compute buffer by which the surface may be too high
 */
export function betterPlacements(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  chosen: Placement,
  doubtShare: number,
): PricedPlacement[] {
  if (choosesKvPlace(gpu, settings)) return betterInEitherPlace(surface, gpu, settings, chosen, doubtShare);
  if (hasKvInRam(gpu, settings))
    return betterPlacements(...withKvInRam(surface, gpu, settings), chosen, doubtShare).map(markKv);
  const onCards = cardChooser(surface, gpu, settings);
  if (onCards !== null)
    return onCards.better(chosen, doubtShare).map(split => ({ ...split, needBytes: onCards.needBytes(split) }));
  const at = { contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const doubtOf = (placement: Placement) => doubtShare * computeBytes(surface, { ...placement, ...at }, "gpuBytes");
  const budget = budgetBytes(gpu, settings.TARGET_VRAM_USAGE);
  const ladders = laddersOf(surface, gpu, settings);
  const mightFit = (ladder: ExpertLadder, gpuLayers: number) =>
    gpuLayers === 0
      ? []
      : ladder.allWithin(budget, {
          whole: doubtOf({ gpuLayers }),
          apart: doubtOf({ gpuLayers, expertBlocksInRam: expertBlocks(surface) }),
        });
  if (!canPlaceExperts(surface, gpu))
    return ladders
      .flatMap(mightFit)
      .filter(({ gpuLayers }) => gpuLayers > chosen.gpuLayers)
      .reverse();
  const secondsOf = secondsIn(surface, gpu, settings);
  const present = chosen.gpuLayers === 0 ? Number.POSITIVE_INFINITY : secondsOf(chosen);
  return ladders
    .flatMap(mightFit)
    .filter(placement => secondsOf(placement) < present)
    .sort((one, other) => secondsOf(one) - secondsOf(other));
}

/** The same where the planner decides where the cache is: what is better with the cache in its present place, and in the other one. */
function betterInEitherPlace(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  chosen: Placement,
  doubtShare: number,
): PricedPlacement[] {
  const isInRam = chosen.kvInRam === true;
  const present = betterPlacements(surface, gpu, { ...settings, KV_IN_RAM: isInRam }, chosen, doubtShare);
  const other = betterPlacements(surface, gpu, { ...settings, KV_IN_RAM: !isInRam }, ON_CPU, doubtShare);
  const wins = (one: Placement) =>
    isInRam
      ? !isCacheBetterInRam(surface, gpu, settings, chosen, one)
      : isCacheBetterInRam(surface, gpu, settings, one, chosen);
  return [...present, ...other.filter(wins)];
}

/** The placement with a little more on the GPU: the experts of one block, or one layer. Null when everything is there. */
export function nextPlacement(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  placement: Placement,
): PricedPlacement | null {
  if (hasKvInRam(gpu, settings, placement)) {
    const next = nextPlacement(...withKvInRam(surface, gpu, settings), placement);
    return next && markKv(next);
  }
  const onCards = cardChooser(surface, gpu, settings);
  if (onCards !== null) {
    const next = onCards.next(placement);
    return next && { ...next, needBytes: onCards.needBytes(next), shortBytes: onCards.shortBytes(next) };
  }
  const { gpuLayers } = placement;
  const ladders = laddersOf(surface, gpu, settings);
  return ladders[gpuLayers]?.above(placement) ?? ladders[gpuLayers + 1]?.bottom ?? null;
}

/**
 * For each number of layers, its placements. Only one stays where `EXPERTS_IN_RAM` is a number, or where experts cannot be apart.
 */
function laddersOf(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings): readonly ExpertLadder[] {
  const { N_CTX, KV_CACHE_QUANT, EXPERTS_IN_RAM } = settings;
  const ofSurface = known.get(surface) ?? new Map<string, readonly ExpertLadder[]>();
  known.set(surface, ofSurface);
  const canPlace = canPlaceExperts(surface, gpu);
  const key = `${N_CTX} ${KV_CACHE_QUANT} ${canPlace ? EXPERTS_IN_RAM : "whole"}`;
  const ladders = ofSurface.get(key) ?? newLadders(surface, settings, canPlace);
  // Kept as the latest, so that only the contexts that a slider passed drop out.
  ofSurface.delete(key);
  ofSurface.set(key, ladders);
  const [oldest] = ofSurface.keys();
  if (ofSurface.size > KNOWN_CONTEXTS && oldest !== undefined) ofSurface.delete(oldest);
  return ladders;
}

/** The chart asks for some sixty contexts and KV types in each frame of a moving slider, all but one of them the same as before. */
const known = new WeakMap<MemorySurface, Map<string, readonly ExpertLadder[]>>();
const KNOWN_CONTEXTS = 128;

function newLadders(
  surface: MemorySurface,
  { N_CTX, KV_CACHE_QUANT, EXPERTS_IN_RAM }: PlanSettings,
  canPlace: boolean,
): ExpertLadder[] {
  const whole = fitNeeds(surface, N_CTX, KV_CACHE_QUANT);
  const apart = canPlace ? fitNeeds(surface, N_CTX, KV_CACHE_QUANT, "ram") : null;
  const at = { contextTokens: N_CTX, kvType: KV_CACHE_QUANT };
  const confirmed = confirmedPlacements(surface, N_CTX, KV_CACHE_QUANT).flatMap(point => {
    if (point.tensorSplit !== undefined || point.kvInRam) return [];
    const { totalBytes } = memoryNeed(surface, { ...point, ...at }).gpu;
    return [{ ...point, expertBlocksInRam: point.expertBlocksInRam ?? 0, needBytes: totalBytes }];
  });
  return Array.from(whole, (wholeBytes, gpuLayers) => {
    const needs = {
      gpuLayers,
      wholeBytes,
      allInRamBytes: gpuLayers === 0 ? null : (apart?.[gpuLayers] ?? null),
      confirmed: confirmed.filter(point => point.gpuLayers === gpuLayers),
    };
    const asked = apart === null ? "auto" : EXPERTS_IN_RAM;
    return new ExpertLadder(surface, firstGpuBlock(surface.model.blocks, gpuLayers), needs, asked);
  });
}

const secondsIn = (surface: MemorySurface, gpu: GpuMemory, { N_CTX, KV_CACHE_QUANT }: PlanSettings) =>
  decodeSeconds(surface, gpu, { contextTokens: N_CTX, kvType: KV_CACHE_QUANT });

interface Search {
  readonly ladders: readonly ExpertLadder[];
  readonly budget: number;
  readonly swaps: (placement: Placement) => boolean;
}

/**
 * Over the ladders of 1 layer and more. The chart asks for this some sixty times a frame, so of each ladder only the first that fits is priced
 * where the others can only be slower.
 */
function fastestOf(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  { ladders, budget, swaps }: Search,
): PricedPlacement | null {
  const secondsOf = secondsIn(surface, gpu, settings);
  let best: PricedPlacement | null = null;
  let least = Number.POSITIVE_INFINITY;
  const onlyFirst = expertsCostInRam(surface, secondsOf);
  for (const ladder of ladders.slice(1))
    for (const placement of onlyFirst ? [ladder.firstWithin(budget)] : ladder.allWithin(budget)) {
      if (placement === undefined) continue;
      const seconds = secondsOf(placement);
      const isBetter = seconds < least || (seconds === least && placement.needBytes >= (best?.needBytes ?? 0));
      if (isBetter && !swaps(placement)) {
        best = placement;
        least = seconds;
      }
    }
  return best;
}

/** Whether every block gets slower by having its experts in RAM. Not so for a GPU that is slower than the processor. */
function expertsCostInRam({ layers, model }: MemorySurface, secondsOf: (placement: Placement) => number): boolean {
  const gpuLayers = model.blocks + 1;
  return layers.every(
    ({ index, expertBytes }) =>
      expertBytes === 0 ||
      secondsOf({ gpuLayers, expertBlocksInRam: index + 1 }) > secondsOf({ gpuLayers, expertBlocksInRam: index }),
  );
}
