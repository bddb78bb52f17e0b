import { followComparison, readComparedPlan, startComparison, stopComparison } from "@/lib/schema/api/comparison";
import { planCompared } from "@/lib/server/comparison/plan-compared";
import { EventStream, formatEvent } from "@/lib/server/http/event-stream";
import { route } from "../route";

async function* textsOf(events: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const event of events) yield formatEvent(event);
}

export const comparisonRoutes = [
  route(readComparedPlan, async ({ query, services }) => {
    const { plan } = await planCompared(services, query.model);
    return plan;
  }),
  route(followComparison, ({ services, signal }) => new EventStream(textsOf(services.comparison.follow(signal)))),
  route(startComparison, ({ body, services }) => services.comparison.start(body)),
  route(stopComparison, ({ services }) => {
    services.comparison.stop();
    return {};
  }),
];
