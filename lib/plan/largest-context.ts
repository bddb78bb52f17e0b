import { type KvType, ofEachKvType } from "@/lib/schema/kv-type";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { CONTEXT_PAD_TOKENS } from "@/lib/units/tokens";
import { fitNeed } from "./fit-needs";

/** Where the search ends for a model whose header does not say what it was trained for. */
const UNKNOWN_TRAINING_TOKENS = 131_072;

const longestUsefulTokens = (surface: MemorySurface): number =>
  surface.model.trainContextTokens > 0 ? surface.model.trainContextTokens : UNKNOWN_TRAINING_TOKENS;

/** Where a search for what fits ends: nobody is told of less than what is asked for, nor of more than both. */
export const longestSearched = (surface: MemorySurface, contextTokens: number): number =>
  Math.max(longestUsefulTokens(surface), contextTokens);

/**
 * The largest context, up to `longest`, at which so many layers fit; null when not even the smallest does.
 * Searched by halves over whole multiples of 256 cells: `fitNeed` never falls as the context grows.
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
