import * as z from "zod/mini";
import { errorBodySchema } from "../api-error";
import { gpuMemorySchema, systemMemorySchema } from "../plans/gpu-memory";
import { memoryPartsSchema } from "../plans/receipt";
import { settingRows } from "../settings/settings";
import { planBadgeSchema } from "./local-model";

const cardMib = z.pipe(z.coerce.number(), z.int().check(z.minimum(0), z.maximum(1_048_576)));

/** GET /api/models/picks: what to plan with. What is left out is as the settings say. */
export const picksQuerySchema = z.strictObject({
  N_CTX: z.optional(z.pipe(z.coerce.number(), settingRows.N_CTX.schema)),
  KV_CACHE_QUANT: z.optional(settingRows.KV_CACHE_QUANT.schema),
  TARGET_VRAM_USAGE: z.optional(z.pipe(z.coerce.number(), settingRows.TARGET_VRAM_USAGE.schema)),
  /** A card of this size instead of this computer's; 0: no card. */
  cardMib: z.optional(cardMib),
  /** Reads the headers of the picked files from the hub. Without it nothing leaves this computer. */
  hub: z.optional(z.literal("check")),
});

export const modelPickSchema = z.object({
  label: z.enum(["fastest", "balanced", "most-capable"]),
  name: z.string(),
  /** `hf:owner/repo/file.gguf` */
  source: z.string(),
  quantization: z.string(),
  fileBytes: z.int(),
  licence: z.string(),
  /** Why this one, in a sentence. */
  reason: z.string(),
  plan: planBadgeSchema,
  /** What the bar shows: the parts on the card, or of system memory without one. */
  memory: memoryPartsSchema,
  /** The largest context with this placement of the layers; null if even the smallest does not fit. */
  largestContextTokens: z.nullable(z.int()),
  /** `list`: from the list's figures, about. `header`: from the file's own header on the hub. */
  from: z.enum(["list", "header"]),
  /** Why the hub could not be asked about this file. */
  problem: z.nullable(errorBodySchema),
});
export type ModelPickAnswer = z.infer<typeof modelPickSchema>;

export const picksSchema = z.object({
  gpu: z.nullable(gpuMemorySchema),
  system: systemMemorySchema,
  contextTokens: z.int(),
  kvType: settingRows.KV_CACHE_QUANT.schema,
  target: z.number(),
  /** Date of the list of models that was chosen from. */
  listDate: z.string(),
  /** Files of the list that the hub does not have as it says, with the reason; the picks were chosen from the others. */
  missing: z.array(z.object({ name: z.string(), quantization: z.string(), problem: errorBodySchema })),
  picks: z.array(modelPickSchema),
});
export type ModelPicks = z.infer<typeof picksSchema>;
