import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";
import { gpuMemorySchema } from "../plans/gpu-memory";
import { memorySurfaceSchema } from "../plans/memory-surface";
import { machineSpeedSchema } from "../plans/plan-speed";
import { parallelSchema, settingRows, settingsPatchSchema } from "../settings/settings";
import { planErrors } from "./shared-errors";

/** Everything the browser needs to plan by itself. `gpu` is null if there is no card to plan for. */
const planInputsSchema = z.object({
  /** The planned model, as MODEL names it. */
  source: z.string(),
  surface: memorySurfaceSchema,
  gpu: z.nullable(gpuMemorySchema),
  machine: machineSpeedSchema,
});

/**
 * Everything the page needs to plan by itself. MODEL may name another file, or one that is not on this computer: then only its header is
 * read.
 */
export const readSurface = {
  method: "GET",
  path: "/api/surface",
  query: z.strictObject({
    MODEL: z.optional(settingRows.MODEL.schema),
    N_BATCH: z.optional(z.pipe(z.coerce.number(), settingRows.N_BATCH.schema)),
    FLASH_ATTENTION: z.optional(settingRows.FLASH_ATTENTION.schema),
    PARALLEL: z.optional(z.union([z.literal("auto"), z.pipe(z.coerce.number(), parallelSchema)])),
  }),
  reply: planInputsSchema,
  errors: planErrors,
} as const satisfies Endpoint;

const shownPlanSchema = z.strictObject({
  settings: settingsPatchSchema,
  /** The card that the page plans for; null for none. */
  gpu: z.nullable(gpuMemorySchema),
});

/**
 * Has llama.cpp confirm a displayed plan and its neighbours by dry runs, and plans again until nothing is left to confirm. Answers with
 * what is known then.
 */
export const confirmPlan = {
  method: "POST",
  path: "/api/surface",
  body: shownPlanSchema,
  reply: z.object({ surface: memorySurfaceSchema }),
  errors: planErrors,
} as const satisfies Endpoint;

/** Somebody begins to change a displayed plan: starts what makes the dry runs, so that the next confirmation does not wait for it. */
export const prepareConfirmation = {
  method: "POST",
  path: "/api/surface/prepare",
  body: shownPlanSchema,
  reply: z.object({}),
  errors: planErrors,
} as const satisfies Endpoint;
