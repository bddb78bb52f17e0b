import { planWith, readPlan } from "@/lib/schema/api/plans";
import { route } from "@/lib/server/compose/route";
import { answerPlan } from "@/lib/server/planning/answer-plan";

export const GET = route(readPlan, ({ services }) => answerPlan(services, {}, {}));

export const POST = route(planWith, ({ body: { gpu, simple, ...patch }, services }) =>
  answerPlan(services, patch, { gpu, simple }),
);
