import { z } from "zod";
import { flashAttentionSchema, kvTypeSchema } from "./kv-type";

const bytes = z.int().min(0);

/** Exactly one way to load a model: what was planned, what is confirmed by a dry run and what is loaded are this same object. */
export const loadConfigSchema = z.object({
  modelPath: z.string().min(1),
  /** 0..blocks + 1, explicit: "auto" never reaches the engine. */
  gpuLayers: z.int().min(0),
  contextTokens: z.int().min(1),
  batchTokens: z.int().min(1),
  sequences: z.int().min(1),
  kvType: kvTypeSchema,
  flashAttention: flashAttentionSchema,
  /** Explicit; never node-llama-cpp's default (engine.md, trap 1). */
  threads: z.int().min(1),
  useMmap: z.boolean(),
});
export type LoadConfig = z.infer<typeof loadConfigSchema>;

/** Memory of one configuration by device: predicted by a dry run, or reported after a load. Context = KV and compute together. */
export const buffersSchema = z.object({
  gpuWeightsBytes: bytes,
  gpuContextBytes: bytes,
  ramWeightsBytes: bytes,
  ramContextBytes: bytes,
});
export type Buffers = z.infer<typeof buffersSchema>;

/** The load's own log split by kind, where it printed one; null where it did not. */
export const bufferSplitSchema = z.object({
  gpuKvBytes: bytes.nullable(),
  gpuComputeBytes: bytes.nullable(),
  ramKvBytes: bytes.nullable(),
  ramComputeBytes: bytes.nullable(),
});
export type BufferSplit = z.infer<typeof bufferSplitSchema>;
