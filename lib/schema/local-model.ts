import * as z from "zod/mini";
import { errorBodySchema } from "./api-error";

/** Where the layers of a file would go on the present card with the settings that hold for it. */
export const planBadgeSchema = z.object({
  kind: z.enum(["full", "partial", "cpu-only"]),
  gpuLayers: z.int(),
  totalLayers: z.int(),
  /** What the plan takes of the card, 0 for cpu-only, and of system memory. */
  gpuBytes: z.int().check(z.minimum(0)),
  ramBytes: z.int().check(z.minimum(0)),
  /** What must be available of system memory, and how much of that cannot be dropped and read again. */
  ramNeed: z.object({ needBytes: z.int().check(z.minimum(0)), lockedBytes: z.int().check(z.minimum(0)) }),
  /** From the header alone: llama.cpp was never asked about this file. */
  isEstimate: z.boolean(),
});
export type BadgePlan = z.infer<typeof planBadgeSchema>;

/** One GGUF file below the models folder. A file that cannot be read as a model stays in the list, with the reason. */
export const localModelSchema = z.object({
  /** What MODEL is set to: the path below the models folder, with "/". */
  name: z.string(),
  fileBytes: z.int().check(z.minimum(0)),
  modifiedAtMs: z.number(),
  profile: z.nullable(
    z.object({
      architecture: z.string(),
      quantization: z.string(),
      parameters: z.number(),
      blocks: z.int(),
      trainContextTokens: z.int(),
      hasChatTemplate: z.boolean(),
      role: z.enum(["text", "embedding", "projector", "adapter", "other"]),
    }),
  ),
  plan: z.nullable(planBadgeSchema),
  problem: z.nullable(errorBodySchema),
});
export type LocalModel = z.infer<typeof localModelSchema>;

/** GET /api/models */
export const localModelsSchema = z.object({ models: z.array(localModelSchema) });
