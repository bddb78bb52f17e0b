import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { plannableCards } from "../cards/plannable-cards";
import type { Placement } from "../memory/memory-need";
import { attentionLeavesCard } from "../memory/usable-kv-types";
import { CardChooser } from "./choose-on-cards";
import { OneCardChooser } from "./choose-on-one-card";
import { ON_CPU, type PricedPlacement } from "./expert-ladder";
import { choosesKvPlace, couldPayInRam, hasKvInRam, isCacheBetterInRam, withKvInRam } from "./kv-in-ram";
import { wouldSwap } from "./plan-ram";

/** Whether experts of this model can be in RAM while the rest of their block is on this card. */
export const canPlaceExperts = (surface: MemorySurface, gpu: GpuMemory | null): boolean =>
  gpu?.placesExperts === true && surface.computeExpertsInRam !== undefined;

/** Chooses where layers and experts go, for cards and a place of the cache that are given. */
interface Chooser {
  choose(): PricedPlacement;
  better(chosen: Placement, doubtShare: number): PricedPlacement[];
  next(placement: Placement): PricedPlacement | null;
  fits(placement: Placement): boolean;
}

type Swaps = (placement: Placement) => boolean;

function onTheCards(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings, swaps: Swaps): Chooser {
  const placesExperts = canPlaceExperts(surface, gpu);
  const cards = plannableCards(gpu, settings);
  return cards === null
    ? new OneCardChooser(surface, gpu, settings, placesExperts, swaps)
    : new CardChooser(surface, gpu, settings, placesExperts, swaps, cards);
}

const withoutMark = ({ kvInRam: _, ...placement }: Placement): Placement => placement;
const markKv = <Placed extends Placement>(placement: Placed): Placed =>
  placement.gpuLayers === 0 ? placement : { ...placement, kvInRam: true };

/** @param placement what says where the cache is, if the settings do not */
function chooserOf(surface: MemorySurface, gpu: GpuMemory, settings: PlanSettings, placement?: Placement): Chooser {
  const swaps = (found: Placement) => wouldSwap(surface, gpu, settings, found);
  if (!hasKvInRam(gpu, settings, placement)) return onTheCards(surface, gpu, settings, swaps);
  const bare = onTheCards(...withKvInRam(surface, gpu, settings), found => swaps(markKv(found)));
  return {
    choose: () => markKv(bare.choose()),
    better: (chosen, doubtShare) => bare.better(withoutMark(chosen), doubtShare).map(markKv),
    next: present => {
      const next = bare.next(withoutMark(present));
      return next && markKv(next);
    },
    fits: present => bare.fits(withoutMark(present)),
  };
}

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
  if (!choosesKvPlace(gpu, settings)) return chooserOf(surface, gpu, settings).choose();
  const withKv = (KV_IN_RAM: boolean) => chooserOf(surface, gpu, { ...settings, KV_IN_RAM }).choose();
  const onCard = withKv(false);
  // A cache that the card's attention reads is slower in RAM, so that there must be more on the card in exchange.
  const isReadThere = !attentionLeavesCard(settings.KV_CACHE_QUANT, surface.flashAttention, gpu);
  const isAll = onCard.gpuLayers === surface.model.blocks + 1 && onCard.expertBlocksInRam === 0;
  if (isReadThere && (isAll || !couldPayInRam(surface, gpu, settings, onCard))) return onCard;
  const inRam = withKv(true);
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

/** Whether this placement fits at these settings' context, whatever is chosen for layers and experts; over several cards with any split of its layers. */
export const placementFits = (
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  placement: Placement,
): boolean => chooserOf(surface, gpu, settings, placement).fits(placement);

/**
 * The placements that would be better than the chosen one and might fit, although they need more bytes than the budget; the best first.
 * None of them would make the computer swap, unless the chosen one does. Where the planner decides where the cache is, both places count.
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
  if (!choosesKvPlace(gpu, settings)) return chooserOf(surface, gpu, settings).better(chosen, doubtShare);
  const isInRam = chosen.kvInRam === true;
  const betterWith = (KV_IN_RAM: boolean, than: Placement) =>
    chooserOf(surface, gpu, { ...settings, KV_IN_RAM }).better(than, doubtShare);
  const wins = (one: Placement) =>
    isInRam
      ? !isCacheBetterInRam(surface, gpu, settings, chosen, one)
      : isCacheBetterInRam(surface, gpu, settings, one, chosen);
  return [...betterWith(isInRam, chosen), ...betterWith(!isInRam, ON_CPU).filter(wins)];
}

/** The placement with a little more on the GPU: the experts of one block, or one layer. Null when everything is there. */
export const nextPlacement = (
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  placement: Placement,
): PricedPlacement | null => chooserOf(surface, gpu, settings, placement).next(placement);
