import * as z from "zod/mini";
import { errorBodySchema } from "../api-error";
import { planSpeedSchema } from "../plans/plan-speed";
import { programNames } from "./program-models";

/** Where the layers of a file would go on the present card with the settings that apply to it. */
export const planBadgeSchema = z.object({
  kind: z.enum(["full", "partial", "cpu-only"]),
  gpuLayers: z.int(),
  totalLayers: z.int(),
  /** The experts of this many blocks, from the first, stay in system memory. */
  expertBlocksInRam: z.optional(z.int().check(z.minimum(1))),
  /** In place of the last of these, another block that is divided, with the matrices that it has on the card: "gate+up of 47". */
  borderExpertsOnGpu: z.optional(z.string()),
  /** Memory that the plan takes on the card (0 for cpu-only) and of system memory. */
  gpuBytes: z.int().check(z.minimum(0)),
  ramBytes: z.int().check(z.minimum(0)),
  /** System memory that must be available, and the part of it that cannot be dropped and read again. */
  ramNeed: z.object({ needBytes: z.int().check(z.minimum(0)), lockedBytes: z.int().check(z.minimum(0)) }),
  /** True when the figures come from the header alone, without a dry run of this file. */
  isEstimate: z.boolean(),
  speed: z.nullable(planSpeedSchema),
});
export type BadgePlan = z.infer<typeof planBadgeSchema>;

/**
 * One GGUF file below the models folder or an added one. A file that cannot be read as a model stays in the list, with the reason. One with
 * neither a profile nor a problem has not been read yet.
 */
export const localModelSchema = z.object({
  /**
   * What MODEL is set to: the path below the models folder, with "/"; the whole path for a file of an added folder; "Ollama/llama3.2:3b"
   * for a file of another program.
   */
  name: z.string(),
  fileBytes: z.int().check(z.minimum(0)),
  modifiedAtMs: z.number(),
  /** More than one for a split model. */
  parts: z.int().check(z.minimum(1)),
  /** The name of another file of the list with the same content; null for the first of them. */
  sameAs: z.nullable(z.string()),
  profile: z.nullable(
    z.object({
      /** general.name; "" where the header has none. */
      title: z.string(),
      architecture: z.string(),
      quantization: z.string(),
      parameters: z.number(),
      /** Fewer than `parameters` for a mixture of experts. */
      activeParameters: z.number(),
      license: z.nullable(z.string()),
      blocks: z.int(),
      trainContextTokens: z.int(),
      hasChatTemplate: z.boolean(),
      role: z.enum(["text", "embedding", "projector", "adapter", "other"]),
    }),
  ),
  plan: z.nullable(planBadgeSchema),
  problem: z.nullable(errorBodySchema),
  /** Set for a file outside the library's folders that is used in place. */
  origin: z.nullable(
    z.object({
      /** The program that it belongs to; null for a file that was added by its path. */
      program: z.nullable(z.enum(programNames)),
      path: z.string(),
    }),
  ),
});
export type LocalModel = z.infer<typeof localModelSchema>;

export const isUnread = ({ profile, problem }: Pick<LocalModel, "profile" | "problem">): boolean =>
  profile === null && problem === null;

/** A folder that is searched for models. The first one is the models folder itself; the others were added. */
export const modelFolderSchema = z.object({
  path: z.string(),
  isAdded: z.boolean(),
  /** Why nothing can be read or changed in it, with the next step; null when all is well. */
  problem: z.nullable(z.string()),
});
export type ModelFolder = z.infer<typeof modelFolderSchema>;

/** GET /api/models */
export const localModelsSchema = z.object({ models: z.array(localModelSchema), folders: z.array(modelFolderSchema) });

/** A model in the trash: it can be put back until the trash is emptied. */
export const trashedModelSchema = z.object({
  id: z.string(),
  /** Where it was, and where it goes back to. */
  name: z.string(),
  fileBytes: z.int().check(z.minimum(0)),
  trashedAtMs: z.number(),
});
export type TrashedModel = z.infer<typeof trashedModelSchema>;
