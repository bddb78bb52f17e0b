import { benchmarkStateSchema } from "../benchmark";
import type { Endpoint } from "../endpoint";
import { loadErrors } from "./shared-errors";

export const readBenchmark = {
  method: "GET",
  path: "/api/benchmark",
  does: "The benchmark that could start now, the one that is running, and the saved results.",
  reply: benchmarkStateSchema,
} as const satisfies Endpoint;

export const startBenchmark = {
  method: "POST",
  path: "/api/benchmark",
  does: "Starts a benchmark. It continues when the page is closed.",
  reply: benchmarkStateSchema,
  errors: loadErrors,
} as const satisfies Endpoint;

export const cancelBenchmark = {
  method: "DELETE",
  path: "/api/benchmark",
  does: "Cancels the running benchmark. It does not wait until the engine has its former model again.",
  reply: benchmarkStateSchema,
} as const satisfies Endpoint;
