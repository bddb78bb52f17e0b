import { benchmarkStateSchema } from "../benchmark";
import type { Endpoint } from "../endpoint";
import { loadErrors } from "./shared-errors";

/** The benchmark that could start now, the one that is running, and the saved results. */
export const readBenchmark = {
  method: "GET",
  path: "/api/benchmark",
  reply: benchmarkStateSchema,
} as const satisfies Endpoint;

/** Starts a benchmark. It continues when the page is closed. */
export const startBenchmark = {
  method: "POST",
  path: "/api/benchmark",
  reply: benchmarkStateSchema,
  errors: loadErrors,
} as const satisfies Endpoint;

/** Cancels the running benchmark. It does not wait until the engine has its former model again. */
export const cancelBenchmark = {
  method: "DELETE",
  path: "/api/benchmark",
  reply: benchmarkStateSchema,
} as const satisfies Endpoint;
