import { cancelBenchmark, readBenchmark, startBenchmark } from "@/lib/schema/api/benchmark";
import { apiRequest, errorBody } from "../api-request";
import { createResource } from "../resource-store";
import { useStore } from "../use-store";

/** Often enough for a moving bar. Used only while a benchmark runs. */
const POLL_MS = 700;

/** The server's benchmark. It continues there when the page is closed. */
const benchmarkStore = createResource(
  readBenchmark,
  () => ({}),
  [],
  undefined,
  ({ data, error }) => (data?.running || error !== null ? POLL_MS : null),
);

export const useBenchmark = () => useStore(benchmarkStore, state => state);

/** Begins or cancels a benchmark. The store shows a refusal. */
export async function commandBenchmark(command: "start" | "cancel"): Promise<void> {
  try {
    benchmarkStore.take(await apiRequest(command === "start" ? startBenchmark : cancelBenchmark, {}));
  } catch (error) {
    benchmarkStore.update(({ data }) => ({ data, error: errorBody(error) }));
  }
}
