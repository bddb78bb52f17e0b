import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { type PerKvType, perKvType } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { CONTEXT_PAD_TOKENS } from "@/lib/units/tokens";
import { expertBlocks, type Placement, placementOf } from "../memory/memory-need";
import { canPlaceExperts, placementFits } from "./choose-placement";

/** Where the search ends for a model whose header gives no trained context. */
const UNKNOWN_TRAINING_TOKENS = 131_072;

const longestUsefulTokens = (surface: MemorySurface): number =>
  surface.model.trainContextTokens > 0 ? surface.model.trainContextTokens : UNKNOWN_TRAINING_TOKENS;

/** Where a search for the largest context ends: at the trained or the requested context, whichever is larger. */
export const longestSearched = (surface: MemorySurface, contextTokens: number): number =>
  Math.max(longestUsefulTokens(surface), contextTokens);

/**
 * The placement with all layers on the GPU that needs least of it: all experts in RAM, where they can be and no number of them is
 * chosen by hand.
 */
export function leastFullPlacement(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  { EXPERTS_IN_RAM }: Pick<PlanSettings, "EXPERTS_IN_RAM">,
): Placement {
  const gpuLayers = surface.model.blocks + 1;
  const apart = EXPERTS_IN_RAM === "auto" ? expertBlocks(surface) : Math.min(EXPERTS_IN_RAM, expertBlocks(surface));
  return canPlaceExperts(surface, gpu) ? placementOf({ gpuLayers, expertBlocksInRam: apart }) : { gpuLayers };
}

/**
 * The largest context, up to `longest`, at which this placement fits; null when it does not fit even at the smallest.
 * A binary search over multiples of 256 cells: the need hardly ever falls as the context grows, and `fitNeed` never does.
 */
export function largestContext(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  placement: Placement,
  longest: number,
): number | null {
  const fits = (N_CTX: number) => placementFits(surface, gpu, { ...settings, N_CTX }, placement);
  if (fits(longest)) return longest;
  let fitting = 0;
  let tooMany = Math.ceil(longest / CONTEXT_PAD_TOKENS);
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >> 1;
    if (fits(middle * CONTEXT_PAD_TOKENS)) fitting = middle;
    else tooMany = middle;
  }
  return fitting === 0 ? null : fitting * CONTEXT_PAD_TOKENS;
}

export function largestFullContexts(
  surface: MemorySurface,
  gpu: GpuMemory,
  settings: PlanSettings,
  longest: number,
): PerKvType<number | null> {
  const full = leastFullPlacement(surface, gpu, settings);
  return perKvType(settings.KV_CACHE_QUANT, KV_CACHE_QUANT =>
    largestContext(surface, gpu, { ...settings, KV_CACHE_QUANT }, full, longest),
  );
}
