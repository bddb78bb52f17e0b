import * as z from "zod/mini";
import { errorBodySchema } from "./api-error";
import { finishReasonSchema, generationStatsSchema } from "./generation";
import { planBadgeSchema } from "./models/local-model";

export const LEAST_COMPARED = 2;
export const MOST_COMPARED = 3;

const modelName = z.string().check(z.minLength(1), z.maxLength(1024));

/** How one of the compared models would run here, with its own settings. */
export const comparedPlanSchema = z.extend(planBadgeSchema, {
  contextTokens: z.int(),
  /** With as many layers on the card, as far as the model was trained. */
  largestContextTokens: z.nullable(z.int()),
});
export type ComparedPlan = z.infer<typeof comparedPlanSchema>;

export const comparedPlanQuerySchema = z.strictObject({ model: modelName });

/** POST /api/comparison */
export const comparisonRequestSchema = z.strictObject({
  models: z.array(modelName).check(z.minLength(1), z.maxLength(16)),
  prompt: z.string().check(z.maxLength(200_000)),
  /** A model that repeats itself would fill its context before the next one could answer. */
  maxTokens: z._default(z.int().check(z.minimum(1), z.maximum(8192)), 256),
});
export type ComparisonRequest = z.infer<typeof comparisonRequestSchema>;

/** Why these models cannot be asked this; null when they can. The page says it before the server does. */
export function comparisonRefusal({ models, prompt }: Pick<ComparisonRequest, "models" | "prompt">): string | null {
  const twice = models.find((model, index) => models.indexOf(model) !== index);
  if (twice !== undefined) return `${twice} is chosen twice: choose another model for one of the columns.`;
  if (models.length > MOST_COMPARED)
    return `${models.length} models are chosen, and at most ${MOST_COMPARED} are compared: leave one out.`;
  if (models.length < LEAST_COMPARED)
    return `${models.length === 1 ? "One model is" : "No model is"} chosen, and a comparison needs ${LEAST_COMPARED}: choose another.`;
  return prompt.trim() === "" ? "There is no question yet: write what the models are to be asked." : null;
}

/** What was loaded for an answer. */
const loadedForAnswerSchema = z.object({
  gpuLayers: z.int(),
  totalLayers: z.int(),
  contextTokens: z.int(),
  /** Null for a model that was loaded already. */
  loadMs: z.nullable(z.number()),
  /** What was lowered after memory ran out while loading; null when nothing was. */
  lowered: z.nullable(z.string()),
});

const columnStateSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("waiting") }),
  z.object({ kind: z.literal("loading") }),
  z.object({ kind: z.literal("answering"), loaded: loadedForAnswerSchema }),
  z.object({
    kind: z.literal("answered"),
    loaded: loadedForAnswerSchema,
    reason: finishReasonSchema,
    stats: generationStatsSchema,
  }),
  z.object({ kind: z.literal("failed"), problem: errorBodySchema }),
  z.object({ kind: z.literal("stopped") }),
]);

/** One model of a comparison: how it was planned, and what it has answered so far. */
export const comparisonColumnSchema = z.object({
  model: z.string(),
  /** As predicted before its load: the load corrects later predictions. null until it is planned. */
  plan: z.nullable(comparedPlanSchema),
  state: columnStateSchema,
  text: z.string(),
  thought: z.string(),
});
export type ComparisonColumn = z.infer<typeof comparisonColumnSchema>;

/** The comparison that runs, or the last one. It is kept until the next one or until the server ends. */
export const comparisonSchema = z.object({
  id: z.string(),
  prompt: z.string(),
  maxTokens: z.int(),
  /** `restoring`: all have answered, and what was loaded before is being loaded again. */
  phase: z.enum(["asking", "stopping", "restoring", "over"]),
  columns: z.array(comparisonColumnSchema),
  /** What was loaded before could not be loaded again. */
  problem: z.nullable(errorBodySchema),
});
export type Comparison = z.infer<typeof comparisonSchema>;

/** The events of GET /api/comparison. The first one holds all that was before; the stream ends with the comparison. */
export const comparisonEventSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("comparison"), comparison: z.nullable(comparisonSchema) }),
  z.object({ kind: z.literal("words"), column: z.int(), text: z.string(), isThought: z.boolean() }),
]);
export type ComparisonEvent = z.infer<typeof comparisonEventSchema>;
