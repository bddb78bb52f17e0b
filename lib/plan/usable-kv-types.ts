import { type FlashAttention, type KvType, kvTypes, kvTypeTable } from "@/lib/schema/kv-type";
import type { MemorySurface } from "@/lib/schema/memory-surface";

type Refusals = NonNullable<MemorySurface["refusedKvTypes"]>;

/**
 * KV types that this model cannot have with any settings, because llama.cpp stores each head in whole blocks.
 * @see llama.cpp src/llama-context.cpp (llama_init_from_model): "does not divide n_embd_head_k"
 */
export function refusedByHeadSize(headSizes: readonly number[]): Refusals {
  return kvTypes.flatMap(kvType => {
    const { blockElements } = kvTypeTable[kvType];
    const uneven = headSizes.find(size => size % blockElements !== 0);
    if (uneven === undefined) return [];
    const reason = `This model cannot have a ${kvType} KV cache: its heads have ${uneven} elements, which blocks of ${blockElements} do not divide. Choose f16.`;
    return [{ kvType, reason }];
  });
}

/**
 * Why this model cannot be loaded with this KV type; null where no reason is known. Reasons come from the header, from the mode of flash
 * attention and from dry runs. Controls, plans, presets, counterfactuals, the chart and loads all use this function.
 */
export function kvTypeRefusal(
  surface: Pick<MemorySurface, "refusedKvTypes" | "flashAttention">,
  kvType: KvType,
  flashAttention: FlashAttention = surface.flashAttention,
): string | null {
  if (kvTypeTable[kvType].isQuantized && flashAttention === "off")
    return `A ${kvType} KV cache needs flash attention: llama.cpp refuses this context. Set flash attention to auto, or the KV cache to f16.`;
  return surface.refusedKvTypes?.find(refused => refused.kvType === kvType)?.reason ?? null;
}

/** Widest first; f16 is always among them. */
export const usableKvTypes = (
  surface: Pick<MemorySurface, "refusedKvTypes" | "flashAttention">,
  flashAttention?: FlashAttention,
): readonly KvType[] => kvTypes.filter(kvType => kvTypeRefusal(surface, kvType, flashAttention) === null);
