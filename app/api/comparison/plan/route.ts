import { readComparedPlan } from "@/lib/schema/api/comparison";
import { planCompared } from "@/lib/server/comparison/plan-compared";
import { route } from "@/lib/server/compose/route";

export const GET = route(readComparedPlan, async ({ query, services }) => {
  const { plan } = await planCompared(services, query.model);
  return plan;
});
