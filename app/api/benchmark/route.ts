import { cancelBenchmark, readBenchmark, startBenchmark } from "@/lib/schema/api/benchmark";
import { route } from "@/lib/server/compose/route";

export const GET = route(readBenchmark, ({ services }) => services.benchmark.state());

export const POST = route(startBenchmark, async ({ services }) => {
  await services.benchmark.start();
  return services.benchmark.state();
});

export const DELETE = route(cancelBenchmark, ({ services }) => {
  services.benchmark.cancel();
  return services.benchmark.state();
});
