import { followComparison, readComparedPlan, startComparison, stopComparison } from "@/lib/schema/api/comparison";
import { planCompared } from "@/lib/server/comparison/plan-compared";
import { comparisonStream } from "@/lib/server/http/comparison-stream";
import { route } from "../route";

export const comparisonRoutes = [
  route(readComparedPlan, async ({ query, services }) => {
    const { plan } = await planCompared(services, query.model);
    return plan;
  }),
  route(followComparison, ({ services, signal }) => comparisonStream(services.comparison, signal)),
  route(startComparison, ({ body, services }) => services.comparison.start(body)),
  route(stopComparison, ({ services }) => {
    services.comparison.stop();
    return {};
  }),
];
