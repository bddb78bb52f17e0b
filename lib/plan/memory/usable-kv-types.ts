import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import {
  elementTypesOf,
  type FlashAttention,
  isMixed,
  type KvElementType,
  type KvType,
  kvElementTypes,
  kvTypeOf,
  kvTypes,
  kvTypeTable,
} from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";

type Refusals = NonNullable<MemorySurface["refusedKvTypes"]>;

/** @see llama.cpp src/llama-context.cpp: "model does not support different K (q8_0) and V (q4_0) cache types" */
export function refusedByLatentAttention(): Refusals {
  return kvTypes.filter(isMixed).map(kvType => {
    const reason = `This model cannot have a ${kvType} KV cache: its latent attention keeps K and V as one. Choose one type for both.`;
    return { kvType, reason };
  });
}

/**
 * KV types that this model cannot have with any settings, because llama.cpp stores each head in whole blocks.
 * @see llama.cpp src/llama-context.cpp (llama_init_from_model): "does not divide n_embd_head_k"
 */
export function refusedByHeadSize(headSizes: { readonly k: number; readonly v: number }): Refusals {
  return kvTypes.flatMap(kvType => {
    const types = elementTypesOf(kvType);
    const uneven = (["k", "v"] as const).find(part => headSizes[part] % kvTypeTable[types[part]].blockElements !== 0);
    if (uneven === undefined) return [];
    const heads = types.k === types.v ? "its heads have" : `its heads' ${uneven.toUpperCase()} has`;
    const reason = `This model cannot have a ${kvType} KV cache: ${heads} ${headSizes[uneven]} elements, which blocks of ${kvTypeTable[types[uneven]].blockElements} do not divide. Choose f16.`;
    return [{ kvType, reason }];
  });
}

/**
 * Why this model cannot be loaded with this KV type; null if no reason is known. Reasons come from the header, from the mode of flash
 * attention and from dry runs. Controls, plans, presets, counterfactuals, the chart and loads all use this function.
 */
export function kvTypeRefusal(
  surface: Pick<MemorySurface, "refusedKvTypes" | "flashAttention">,
  kvType: KvType,
  flashAttention: FlashAttention = surface.flashAttention,
): string | null {
  if (needsFlashAttention(kvType) && flashAttention === "off")
    return `A ${kvType} KV cache needs flash attention: llama.cpp refuses this context. Set flash attention to auto, or ${elementTypesOf(kvType).k === elementTypesOf(kvType).v ? "the KV cache" : "V"} to f16.`;
  return surface.refusedKvTypes?.find(refused => refused.kvType === kvType)?.reason ?? null;
}

/** V alone decides: it is stored transposed without flash attention. @see llama.cpp: "quantized V cache requires flash_attn" */
export const needsFlashAttention = (kvType: KvType): boolean => kvTypeTable[elementTypesOf(kvType).v].isQuantized;

/**
 * Whether attention to this cache leaves the card. Of flash attention's kernels for two types, CUDA builds have only those with the same type
 * for K and V: GGML_CUDA_FA_ALL_QUANTS is off, in the prebuilt one and in what `npm run build:llama` makes. Then the CPU computes attention.
 * With V in f16, "auto" turns flash attention off instead. Vulkan, Metal and the CPU have kernels for all pairs.
 *
 * @see llama.cpp ggml/src/ggml-cuda/fattn.cu ggml_cuda_get_best_fattn_kernel
 */
export const attentionLeavesCard = (
  kvType: KvType,
  flashAttention: FlashAttention,
  gpu: Pick<GpuMemory, "backend"> | null,
): boolean =>
  gpu?.backend === "cuda" &&
  isMixed(kvType) &&
  (flashAttention === "on" || (flashAttention === "auto" && needsFlashAttention(kvType)));

/** What different types for K and V cost on this card, in words; null if they cost nothing. */
export function mixedTypeNote(
  kvType: KvType,
  flashAttention: FlashAttention,
  gpu: Pick<GpuMemory, "backend"> | null,
): string | null {
  if (gpu?.backend !== "cuda" || !isMixed(kvType)) return null;
  return attentionLeavesCard(kvType, flashAttention, gpu)
    ? `The CUDA build has no flash attention for K in one type and V in another (${kvType}): the CPU computes attention then, and answers are several times slower. Choose one type for both.`
    : `The CUDA build has no flash attention for K in one type and V in another (${kvType}): llama.cpp computes attention without it, with a larger compute buffer.`;
}

/**
 * The cache whose dry runs fill a type's compute table: both K and V have it, or where that is impossible the one that can. Without flash
 * attention that is K. Null if this type is impossible for both.
 */
export const filledAs = (
  surface: Pick<MemorySurface, "refusedKvTypes" | "flashAttention">,
  type: KvElementType,
): KvType | null =>
  [type, kvTypeOf(type, "f16"), kvTypeOf("f16", type)].find(kvType => kvTypeRefusal(surface, kvType) === null) ?? null;

/** Those with one type for K and V, widest first; f16 is always among them. */
export const usableKvTypes = (
  surface: Pick<MemorySurface, "refusedKvTypes" | "flashAttention">,
  flashAttention?: FlashAttention,
): readonly KvElementType[] => kvElementTypes.filter(kvType => kvTypeRefusal(surface, kvType, flashAttention) === null);
