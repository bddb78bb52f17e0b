import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";
import { gpuMemorySchema } from "../gpu-memory";
import { loadConfigSchema } from "../load-config";
import { memorySurfaceSchema } from "../memory-surface";
import { machineSpeedSchema } from "../plan-speed";
import { parallelSchema, settingRows, settingsPatchSchema } from "../settings";
import { planErrors } from "./shared-errors";

/** GET /api/surface: everything the browser needs to plan by itself. `gpu` is null where there is no card to plan for. */
const planInputsSchema = z.object({
  /** The planned model, as MODEL names it. */
  source: z.string(),
  surface: memorySurfaceSchema,
  gpu: z.nullable(gpuMemorySchema),
  machine: machineSpeedSchema,
});

/** The layers of a model with 512 blocks, the most that llama.cpp allows (LLAMA_MAX_LAYERS), and its output. */
const MAX_LAYERS = 513;

const placementSchema = z.strictObject({
  gpuLayers: z.int().check(z.minimum(1), z.maximum(MAX_LAYERS)),
  expertBlocksInRam: z.optional(z.int().check(z.minimum(1), z.maximum(MAX_LAYERS))),
  borderExpertsOnGpu: loadConfigSchema.shape.borderExpertsOnGpu,
  tensorSplit: loadConfigSchema.shape.tensorSplit,
  kvInRam: loadConfigSchema.shape.kvInRam,
  /** Answers at once; absent where it is the surface's own number. */
  sequences: z.optional(parallelSchema),
});

export const readSurface = {
  method: "GET",
  path: "/api/surface",
  does: "Everything the page needs to plan by itself. MODEL may name another file, or one that is not on this computer: then only its header is read.",
  query: z.strictObject({
    MODEL: z.optional(settingRows.MODEL.schema),
    N_BATCH: z.optional(z.pipe(z.coerce.number(), settingRows.N_BATCH.schema)),
    FLASH_ATTENTION: z.optional(settingRows.FLASH_ATTENTION.schema),
    PARALLEL: z.optional(z.union([z.literal("auto"), z.pipe(z.coerce.number(), parallelSchema)])),
  }),
  reply: planInputsSchema,
  errors: planErrors,
} as const satisfies Endpoint;

export const confirmPlan = {
  method: "POST",
  path: "/api/surface",
  does: "Has llama.cpp confirm a displayed plan by dry runs. The event `changed: surface` says when that is done.",
  body: z.strictObject({
    settings: settingsPatchSchema,
    /** The displayed plan's placement and its neighbours. */
    placements: z.array(placementSchema).check(z.minLength(1), z.maxLength(4)),
  }),
  reply: z.object({ confirmed: z.array(placementSchema) }),
  errors: planErrors,
} as const satisfies Endpoint;
