import { cancelBenchmark, readBenchmark, startBenchmark } from "@/lib/schema/api/benchmark";
import { route } from "../route";

export const benchmarkRoutes = [
  route(readBenchmark, ({ services }) => services.benchmark.state()),
  route(startBenchmark, async ({ services }) => {
    await services.benchmark.start();
    return services.benchmark.state();
  }),
  route(cancelBenchmark, ({ services }) => {
    services.benchmark.cancel();
    return services.benchmark.state();
  }),
];
