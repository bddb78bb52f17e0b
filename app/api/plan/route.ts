import * as z from "zod";
import { settingsPatchSchema } from "@/lib/schema/settings";
import { route } from "@/lib/server/compose/route";
import { answerPlan } from "@/lib/server/planning/answer-plan";

const bytes = z
  .int()
  .min(0)
  .max(2 ** 43);
const gpuSchema = z.strictObject({ totalBytes: bytes.min(1), usedBytes: bytes.default(0) });

/** Settings to plan with instead of the present ones, and a card instead of the one that is here; null: none. */
const planRequestSchema = z.strictObject({
  ...settingsPatchSchema.shape,
  gpu: gpuSchema.nullable().optional(),
  simple: z.boolean().optional(),
});

export const GET = route({ handle: ({ services }) => answerPlan(services, {}, {}) });

export const POST = route({
  body: planRequestSchema,
  handle: ({ body: { gpu, simple, ...patch }, services }) => answerPlan(services, patch, { gpu, simple }),
});
