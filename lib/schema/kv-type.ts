import * as z from "zod/mini";

interface KvTypeRow {
  /** Bytes of 32 elements, including the scale of a quantized block. @see ggml/src/ggml-common.h */
  readonly bytesPer32Elements: number;
  /** Elements in one block. The size of a head must be a multiple of this. */
  readonly blockElements: number;
  /** Quantized caches need flash attention. */
  readonly isQuantized: boolean;
  /** The size that the first version's formula used: a half and a quarter of f16, without the scales. */
  readonly simpleBytesPerElement: number;
  /** ggml's name for it. */
  readonly ggmlType: "F16" | "Q8_0" | "Q4_0";
}

/**
 * Types of the KV cache's elements, widest first. A new type needs only a new entry. K and V always have the same type, because the
 * prebuilt CUDA binary has no fast kernel for mixed pairs.
 */
export const kvTypeTable = {
  f16: {
    bytesPer32Elements: 64,
    blockElements: 1,
    isQuantized: false,
    simpleBytesPerElement: 2,
    ggmlType: "F16",
  },
  q8_0: {
    bytesPer32Elements: 34,
    blockElements: 32,
    isQuantized: true,
    simpleBytesPerElement: 1,
    ggmlType: "Q8_0",
  },
  q4_0: {
    bytesPer32Elements: 18,
    blockElements: 32,
    isQuantized: true,
    simpleBytesPerElement: 0.5,
    ggmlType: "Q4_0",
  },
} as const satisfies Record<string, KvTypeRow>;

export type KvType = keyof typeof kvTypeTable;
export const kvTypes = Object.keys(kvTypeTable) as [KvType, ...KvType[]];
export const kvTypeSchema = z.enum(kvTypes);

/** One value for each type. */
export const ofEachKvType = <Value>(make: (kvType: KvType) => Value): Record<KvType, Value> =>
  Object.fromEntries(kvTypes.map(kvType => [kvType, make(kvType)])) as Record<KvType, Value>;

export const flashAttentionSchema = z.enum(["auto", "on", "off"]);
export type FlashAttention = z.infer<typeof flashAttentionSchema>;
