import { elementTypesOf, type KvType, kvTypeTable } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { CONTEXT_PAD_TOKENS } from "@/lib/units/tokens";

/** Sampled for every model, whatever its trained context. */
const USUAL_LONGEST_TOKENS = 131_072;
const LONGEST_TOKENS = 1_048_576;

/** The longest context worth a dry run: the larger of the trained one and the usual longest, as far as one layer's cache can be one tensor. */
export function longestContextTokens(surface: MemorySurface, kvType: KvType, largestTensorBytes: number): number {
  const { model, sequences, layers } = surface;
  const useful = Math.min(LONGEST_TOKENS, Math.max(model.trainContextTokens, USUAL_LONGEST_TOKENS));
  const growing = layers.filter(({ kv }) => kv.growth === "full");
  const { k, v } = elementTypesOf(kvType);
  const cellBytes = growing.flatMap(({ kv }) => [
    (kv.kElementsPerCell * kvTypeTable[k].bytesPer32Elements) / 32,
    (kv.vElementsPerCell * kvTypeTable[v].bytesPer32Elements) / 32,
  ]);
  const fitting = largestTensorBytes / (Math.max(1, ...cellBytes) * sequences);
  const longest = Math.floor(Math.min(useful, fitting) / CONTEXT_PAD_TOKENS) * CONTEXT_PAD_TOKENS;
  return Math.max(CONTEXT_PAD_TOKENS, longest);
}
