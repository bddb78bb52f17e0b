import * as z from "zod/mini";

/** KV-cache element types, widest first. Only equal pairs for K and V: mixed pairs have no fast kernel in the CUDA prebuilt. */
export const kvTypes = ["f16", "q8_0", "q4_0"] as const;
export const kvTypeSchema = z.enum(kvTypes);
export type KvType = z.infer<typeof kvTypeSchema>;

export const flashAttentionSchema = z.enum(["auto", "on", "off"]);
export type FlashAttention = z.infer<typeof flashAttentionSchema>;
