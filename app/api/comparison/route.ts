import { followComparison, startComparison, stopComparison } from "@/lib/schema/api/comparison";
import { route } from "@/lib/server/compose/route";
import { comparisonStream } from "@/lib/server/http/comparison-stream";

export const GET = route(followComparison, ({ services, signal }) => comparisonStream(services.comparison, signal));

export const POST = route(startComparison, ({ body, services }) => services.comparison.start(body));

export const DELETE = route(stopComparison, ({ services }) => {
  services.comparison.stop();
  return {};
});
