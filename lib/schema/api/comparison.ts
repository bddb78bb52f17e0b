import * as z from "zod/mini";
import {
  comparedPlanQuerySchema,
  comparedPlanSchema,
  comparisonEventSchema,
  comparisonRequestSchema,
} from "../comparison";
import type { Endpoint } from "../endpoint";
import { loadErrors } from "./shared-errors";

const idSchema = z.object({ id: z.string() });

/** How one model of the library would run here with its own settings: layers, memory, speed and the largest context. Loads nothing. */
export const readComparedPlan = {
  method: "GET",
  path: "/api/comparison/plan",
  query: comparedPlanQuerySchema,
  reply: comparedPlanSchema,
  errors: loadErrors,
} as const satisfies Endpoint;

/** The comparison that runs, or the last one: first all of it, then each change and each piece of an answer. Ends with the comparison. */
export const followComparison = {
  method: "GET",
  path: "/api/comparison",
  streams: comparisonEventSchema,
} as const satisfies Endpoint;

/**
 * Asks two or three models the same, one after the other: loads each with its plan, and at the end what was loaded before. It continues
 * when the page is closed.
 */
export const startComparison = {
  method: "POST",
  path: "/api/comparison",
  body: comparisonRequestSchema,
  reply: idSchema,
  errors: loadErrors,
} as const satisfies Endpoint;

/** Stops the comparison. It does not wait until the engine has its former model again. */
export const stopComparison = {
  method: "DELETE",
  path: "/api/comparison",
  reply: z.object({}),
} as const satisfies Endpoint;
