import { benchmarkStateSchema } from "../benchmark";
import type { Endpoint } from "../endpoint";
import { loadErrors } from "./shared-errors";

export const readBenchmark = {
  method: "GET",
  path: "/api/benchmark",
  does: "What a benchmark would measure and take, the one that runs, and those that were kept.",
  reply: benchmarkStateSchema,
} as const satisfies Endpoint;

export const startBenchmark = {
  method: "POST",
  path: "/api/benchmark",
  does: "Begins a benchmark. It goes on when the page is closed.",
  reply: benchmarkStateSchema,
  errors: loadErrors,
} as const satisfies Endpoint;

export const cancelBenchmark = {
  method: "DELETE",
  path: "/api/benchmark",
  does: "Cancels the benchmark that runs, without waiting until the engine is as it was.",
  reply: benchmarkStateSchema,
} as const satisfies Endpoint;
