import * as z from "zod/mini";
import { flashAttentionSchema, kvTypeSchema, ofEachElementType } from "./kv-type";
import { borderExpertsSchema, expertMatrices } from "./load-config";

const bytes = z.int().check(z.minimum(0));

/**
 * How the cache of one layer grows with the context.
 * `full`: one cell a context token. `window`: at most `windowTokens` and the batch. `none`: no attention cache here.
 */
export const layerKvSchema = z.object({
  growth: z.enum(["full", "window", "none"]),
  windowTokens: z.int().check(z.minimum(0)),
  /** Elements of K and of V that one cell (one token) stores: head size times KV heads. MLA stores K only. */
  kElementsPerCell: z.int().check(z.minimum(0)),
  vElementsPerCell: z.int().check(z.minimum(0)),
  /** Recurrent state: does not grow with context, always f32. */
  fixedBytes: bytes,
});
export type LayerKv = z.infer<typeof layerKvSchema>;

/** `feed-forward`: a block without attention or recurrent state (Nemotron-H, DeciLM): weights only. */
export const layerKindSchema = z.enum([
  "attention",
  "sliding-window",
  "recurrent",
  "feed-forward",
  "output",
  "embedding",
]);
export type LayerKind = z.infer<typeof layerKindSchema>;

/** One block, or the output layer (index = blocks). The weights are those that move to the GPU with the layer. */
export const layerMemorySchema = z.object({
  index: z.int().check(z.minimum(0)),
  role: z.enum(["block", "output"]),
  kind: layerKindSchema,
  experts: z.int().check(z.minimum(0)),
  weightsBytes: bytes,
  /** Read for each token: of the experts only those that a token uses. */
  activeBytes: bytes,
  /** The part of the weights that can stay in system memory while the rest is on the GPU; 0 without experts. */
  expertBytes: bytes,
  /** Experts that are in system memory wherever their layer is, because the device holds no tensor of their size. */
  expertBytesAlwaysInRam: z.optional(bytes),
  /** `expertBytes` by matrix; absent without experts. */
  expertMatrixBytes: z.optional(z.partialRecord(z.enum(expertMatrices), bytes)),
  /** What a block with experts has of the same matrices besides: shared experts, and the router with "gate". Each token reads all of it. */
  sharedMatrixBytes: z.optional(z.partialRecord(z.enum(expertMatrices), bytes)),
  /** Attention heads times their size; 0 without attention. */
  attentionWidth: z.int().check(z.minimum(0)),
  attentionHeads: z.int().check(z.minimum(0)),
  kv: layerKvSchema,
});
export type LayerMemory = z.infer<typeof layerMemorySchema>;

/** One dry run: compute buffers (everything of the context that is not KV or recurrent state) on GPU and in RAM. */
export const computePointSchema = z.object({
  contextTokens: z.int().check(z.minimum(1)),
  gpuBytes: bytes,
  ramBytes: bytes,
});
export type ComputePoint = z.infer<typeof computePointSchema>;

/** Dry runs at one number of GPU layers, ascending by context. */
export const computeColumnSchema = z.object({
  gpuLayers: z.int().check(z.minimum(0)),
  points: z.array(computePointSchema).check(z.minLength(1)),
});
export type ComputeColumn = z.infer<typeof computeColumnSchema>;

/** The dry run of exactly this configuration, with the context padded as llama.cpp pads it. It does not affect other points. */
export const confirmedPointSchema = z.object({
  gpuLayers: z.int().check(z.minimum(0)),
  /** Absent if no experts were apart from their block. */
  expertBlocksInRam: z.optional(z.int().check(z.minimum(1))),
  borderExpertsOnGpu: z.optional(borderExpertsSchema),
  /** Layers on each of several cards. */
  tensorSplit: z.optional(z.array(z.number())),
  kvInRam: z.optional(z.literal(true)),
  contextTokens: z.int().check(z.minimum(1)),
  kvType: kvTypeSchema,
  /** Absent if it is the surface's own number. */
  sequences: z.optional(z.int().check(z.minimum(1))),
  gpuBytes: bytes,
  ramBytes: bytes,
  /** The parts of `gpuBytes`, for each card that has layers, in the engine's order. */
  cardBytes: z.optional(z.array(bytes)),
});
export type ConfirmedPoint = z.infer<typeof confirmedPointSchema>;

const computeColumnsSchema = z.array(computeColumnSchema).check(z.minLength(1));
const computeSchema = z.object(ofEachElementType(() => computeColumnsSchema));
/** Of a card with the first layers, of those with layers between, and of the one with the output. */
const cardComputeSchema = z.object({ first: computeSchema, middle: computeSchema, last: computeSchema });

/**
 * Everything needed to compute the memory for k layers, a context and a KV type without asking the engine.
 * Valid for one model file, device, batch, number of sequences and flash attention mode. Plain JSON.
 */
export const memorySurfaceSchema = z.object({
  version: z.literal(3),
  model: z.object({
    name: z.string(),
    architecture: z.string(),
    quantization: z.string(),
    blocks: z.int().check(z.minimum(1)),
    fileBytes: bytes,
    trainContextTokens: z.int().check(z.minimum(0)),
    embeddingLength: z.int().check(z.minimum(0)),
    vocabularySize: z.int().check(z.minimum(0)),
    tiedEmbeddings: z.boolean(),
  }),
  batchTokens: z.int().check(z.minimum(1)),
  sequences: z.int().check(z.minimum(1)),
  flashAttention: flashAttentionSchema,
  /** `dry-run`: llama.cpp's own figures on this device. `estimated`: from the header alone, no GPU backend could run. */
  computeSource: z.enum(["dry-run", "estimated"]),
  /** `coarse` was filled quickly, `fine` for as long as a page can wait. Missing when not filled. */
  detail: z.optional(z.enum(["coarse", "fine"])),
  /** `closed-form`: our arithmetic, checked against the dry run. `dry-run`: the closed form is wrong for this family, so totals are the dry run's. */
  weightsSource: z.enum(["closed-form", "dry-run"]),
  kvSource: z.enum(["closed-form", "dry-run"]),
  /** The token embedding, always in system memory. */
  embeddingWeightsBytes: bytes,
  /** Blocks 0..L-1, then the output layer. */
  layers: z.array(layerMemorySchema).check(z.minLength(2)),
  /** GPU weight bytes for k = 0..L+1 (length L + 2), with the backend's padding. */
  gpuWeightsBytes: z.array(bytes).check(z.minLength(3)),
  /** All weights that stay in RAM for k = 0..L+1. */
  ramWeightsBytes: z.array(bytes).check(z.minLength(3)),
  /**
   * Sparse: a few layer counts, ascending, and contexts at and between powers of two. memory-need.ts interpolates. There is a table for
   * each type that K and V can both have; for a mixed cache, those of its two types are used.
   */
  compute: computeSchema,
  /** The same table with the experts of all blocks in RAM; missing for a model without experts, and where dry runs do not move them. */
  computeExpertsInRam: z.optional(computeSchema),
  /** The same for layers shared over several cards. Where it is set, `compute` is that of one card alone. */
  cardCompute: z.optional(cardComputeSchema),
  cardComputeExpertsInRam: z.optional(cardComputeSchema),
  /** KV types that this model cannot have on this device, with the reason in a sentence. */
  refusedKvTypes: z.optional(z.array(z.object({ kvType: kvTypeSchema, reason: z.string() }))),
  /** Newest last. */
  confirmed: z.optional(z.array(confirmedPointSchema)),
});
export type MemorySurface = z.infer<typeof memorySurfaceSchema>;
