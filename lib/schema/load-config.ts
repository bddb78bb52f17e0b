import * as z from "zod/mini";
import { flashAttentionSchema, kvTypeSchema } from "./kv-type";

const bytes = z.int().check(z.minimum(0));

/** Exactly one way to load a model: what was planned, what is confirmed by a dry run and what is loaded are this same object. */
export const loadConfigSchema = z.object({
  modelPath: z.string().check(z.minLength(1)),
  /** 0..blocks + 1, explicit: "auto" never reaches the engine. */
  gpuLayers: z.int().check(z.minimum(0)),
  contextTokens: z.int().check(z.minimum(1)),
  batchTokens: z.int().check(z.minimum(1)),
  sequences: z.int().check(z.minimum(1)),
  kvType: kvTypeSchema,
  flashAttention: flashAttentionSchema,
  /** Explicit; never node-llama-cpp's default (engine.md, trap 1). */
  threads: z.int().check(z.minimum(1)),
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
  gpuKvBytes: z.nullable(bytes),
  gpuComputeBytes: z.nullable(bytes),
  ramKvBytes: z.nullable(bytes),
  ramComputeBytes: z.nullable(bytes),
});
export type BufferSplit = z.infer<typeof bufferSplitSchema>;

/** What going from one configuration to another costs: nothing, a new context, or the weights anew. */
export const loadCostSchema = z.enum(["nothing", "context", "model"]);
export type LoadCost = z.infer<typeof loadCostSchema>;
