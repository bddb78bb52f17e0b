import type { Endpoint } from "../endpoint";
import { planReportSchema, planRequestSchema } from "../plan-report";
import { planErrors } from "./shared-errors";

/** The plan for the settings in use, as `npm run plan -- --json` prints it. */
export const readPlan = {
  method: "GET",
  path: "/api/plan",
  reply: planReportSchema,
  errors: planErrors,
} as const satisfies Endpoint;

/** The plan with some settings changed, or for a card that this computer does not have. Nothing is saved or loaded. */
export const planWith = {
  method: "POST",
  path: "/api/plan",
  body: planRequestSchema,
  reply: planReportSchema,
  errors: planErrors,
} as const satisfies Endpoint;
