import * as z from "zod/mini";
import { flashAttentionSchema, kvTypeSchema } from "./kv-type";

const bytes = z.int().check(z.minimum(0));

/** The matrices of a block's experts, as GGUF names them. */
export const expertMatrices = ["down", "gate", "gate_up", "up"] as const;
export type ExpertMatrix = (typeof expertMatrices)[number];

/**
 * The block whose experts are divided, and those of its matrices that are on the GPU, such as "gate+up of 47". "gate+up only of 47" means that
 * of the other matrices its shared experts are in system memory as well, and with "gate" its router. An earlier version named no block.
 */
export const borderExpertsSchema = z
  .string()
  .check(z.regex(/^(?:down|gate|gate_up|up)(?:\+(?:gate|gate_up|up)){0,3}(?: only)?(?: of \d{1,4})?$/));

export interface BorderExperts {
  readonly block: number;
  /** On the GPU. */
  readonly matrices: readonly string[];
  /** Whether shared experts of the other matrices are in system memory too. */
  readonly isOnly: boolean;
}

const knownBorders = new Map<string, BorderExperts>();

/** What a text of `borderExpertsSchema` says. The planner asks it for each layer of some thousand placements. */
export function borderOf(text: string): BorderExperts {
  const known = knownBorders.get(text);
  if (known !== undefined) return known;
  const words = text.split(" ");
  const border = {
    block: Number(words.at(-1)),
    matrices: (words[0] ?? "").split("+"),
    isOnly: words[1] === "only",
  };
  if (knownBorders.size >= KNOWN_BORDERS) knownBorders.clear();
  knownBorders.set(text, border);
  return border;
}
const KNOWN_BORDERS = 1024;

/** Exactly one way to load a model. The same object is planned, confirmed by a dry run and loaded. */
export const loadConfigSchema = z.object({
  modelPath: z.string().check(z.minLength(1)),
  /** 0..blocks + 1, explicit: "auto" never reaches the engine. */
  gpuLayers: z.int().check(z.minimum(0)),
  /**
   * The experts of the blocks before this one stay in system memory, whatever else of them is on the GPU: llama.cpp's `--n-cpu-moe`.
   * Absent if each block's experts are on its device. This and the three below need the placement addon (native/placement).
   */
  expertBlocksInRam: z.optional(z.int().check(z.minimum(1))),
  /** The last of these is another block, and some of its experts are on the GPU. Absent: all experts of these blocks are in system memory. */
  borderExpertsOnGpu: z.optional(borderExpertsSchema),
  /** The share of the layers for each of the engine's devices, in its order; 0 leaves a card out. Absent: as llama.cpp splits them. */
  tensorSplit: z.optional(z.array(z.number().check(z.minimum(0))).check(z.minLength(1), z.maxLength(16))),
  /** The KV cache stays in system memory, whatever is on the GPU. */
  kvInRam: z.optional(z.literal(true)),
  contextTokens: z.int().check(z.minimum(1)),
  batchTokens: z.int().check(z.minimum(1)),
  sequences: z.int().check(z.minimum(1)),
  kvType: kvTypeSchema,
  flashAttention: flashAttentionSchema,
  /** Explicit; never node-llama-cpp's default (engine.md, trap 1). */
  threads: z.int().check(z.minimum(1)),
  useMmap: z.boolean(),
  /** A model that drafts tokens for this one, and where it is: whole on the GPU or whole in system memory. */
  draft: z.optional(
    z.object({
      modelPath: z.string().check(z.minLength(1)),
      gpuLayers: z.int().check(z.minimum(0)),
      tensorSplit: z.optional(z.array(z.number().check(z.minimum(0))).check(z.minLength(1), z.maxLength(16))),
    }),
  ),
});
export type LoadConfig = z.infer<typeof loadConfigSchema>;

/** Memory of one configuration by device, predicted by a dry run or reported after a load. "Context" is KV and compute together. */
export const buffersSchema = z.object({
  gpuWeightsBytes: bytes,
  gpuContextBytes: bytes,
  ramWeightsBytes: bytes,
  ramContextBytes: bytes,
});
export type Buffers = z.infer<typeof buffersSchema>;

/** Context memory by kind, from the load's own log; null if the log does not show it. */
export const bufferSplitSchema = z.object({
  gpuKvBytes: z.nullable(bytes),
  gpuComputeBytes: z.nullable(bytes),
  ramKvBytes: z.nullable(bytes),
  ramComputeBytes: z.nullable(bytes),
});
export type BufferSplit = z.infer<typeof bufferSplitSchema>;

/** The cost of changing from one configuration to another: nothing, a new context, or loading the model again. */
export const loadCostSchema = z.enum(["nothing", "context", "model"]);
export type LoadCost = z.infer<typeof loadCostSchema>;

/** Whether a load is meant although system memory does not hold it. */
export const meantSchema = z.optional(z.enum(["true", "false"]));
