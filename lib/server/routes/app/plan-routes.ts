import { planWith, readPlan } from "@/lib/schema/api/plans";
import { answerPlan } from "@/lib/server/planning/answer-plan";
import { route } from "../route";

export const planRoutes = [
  route(readPlan, ({ services }) => answerPlan(services, {}, {})),
  route(planWith, ({ body: { gpu, simple, ...patch }, services }) => answerPlan(services, patch, { gpu, simple })),
];
