import { type KvType, ofEachKvType } from "@/lib/schema/kv-type";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { CONTEXT_PAD_TOKENS } from "@/lib/units/tokens";
import { fitNeed } from "./fit-needs";

/** Where the search ends for a model whose header gives no trained context. */
const UNKNOWN_TRAINING_TOKENS = 131_072;

const longestUsefulTokens = (surface: MemorySurface): number =>
  surface.model.trainContextTokens > 0 ? surface.model.trainContextTokens : UNKNOWN_TRAINING_TOKENS;

/** Where a search for the largest context ends: at the trained or the requested context, whichever is larger. */
export const longestSearched = (surface: MemorySurface, contextTokens: number): number =>
  Math.max(longestUsefulTokens(surface), contextTokens);

/**
 * The largest context, up to `longest`, at which this many layers fit; null when they do not fit even at the smallest.
 * A binary search over multiples of 256 cells: `fitNeed` never falls as the context grows.
 */
export function largestContext(
  surface: MemorySurface,
  gpuLayers: number,
  kvType: KvType,
  budgetBytes: number,
  longest: number,
): number | null {
  const fits = (contextTokens: number) => fitNeed(surface, gpuLayers, contextTokens, kvType) <= budgetBytes;
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
  budgetBytes: number,
  longest: number,
): Record<KvType, number | null> {
  const full = surface.model.blocks + 1;
  return ofEachKvType(kvType => largestContext(surface, full, kvType, budgetBytes, longest));
}
