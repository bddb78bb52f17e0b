import type { KvType } from "@/lib/schema/kv-type";

/** Of one element of the cache, its share of the scale of each block of 32 included. @see ggml/src/ggml-common.h */
export const elementBytes: Readonly<Record<KvType, number>> = { f16: 2, q8_0: 34 / 32, q4_0: 18 / 32 };
