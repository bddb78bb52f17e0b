import * as z from "zod/mini";
import type { Endpoint } from "../endpoint";
import { planInputsSchema } from "../plan-inputs";
import { settingRows, settingsPatchSchema } from "../settings";
import { planErrors } from "./shared-errors";

/** Of a model with at most 512 blocks (llama.cpp's LLAMA_MAX_LAYERS), and its output. */
const MAX_LAYERS = 513;

export const readSurface = {
  method: "GET",
  path: "/api/surface",
  does: "All that the page needs to plan by itself. MODEL may be another file, or one that is not on this computer, of which only the header is read.",
  query: z.strictObject({
    MODEL: z.optional(settingRows.MODEL.schema),
    N_BATCH: z.optional(z.pipe(z.coerce.number(), settingRows.N_BATCH.schema)),
    FLASH_ATTENTION: z.optional(settingRows.FLASH_ATTENTION.schema),
  }),
  reply: planInputsSchema,
  errors: planErrors,
} as const satisfies Endpoint;

export const confirmPlan = {
  method: "POST",
  path: "/api/surface",
  does: "Has llama.cpp confirm a plan that is shown, by dry runs; the event `changed: surface` says that it did.",
  body: z.strictObject({
    settings: settingsPatchSchema,
    /** Numbers of GPU layers: the shown plan's, and those beside it. */
    layers: z.array(z.int().check(z.minimum(1), z.maximum(MAX_LAYERS))).check(z.minLength(1), z.maxLength(4)),
  }),
  reply: z.object({ confirmed: z.array(z.int()) }),
  errors: planErrors,
} as const satisfies Endpoint;
