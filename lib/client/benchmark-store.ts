import { cancelBenchmark, readBenchmark, startBenchmark } from "@/lib/schema/api/benchmark";
import { apiRequest, errorBody } from "./api-request";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** Often enough for a moving bar. Used only while a benchmark runs. */
const POLL_MS = 700;

function pollWhileRunning(changed: () => void): () => void {
  const timer = setInterval(() => {
    const { data, error } = benchmarkStore.get();
    if (data?.running || error !== null) changed();
  }, POLL_MS);
  return () => clearInterval(timer);
}

/** The server's benchmark. It continues there when the page is closed. */
const benchmarkStore = createResource(readBenchmark, () => ({}), [], pollWhileRunning);

export const useBenchmark = () => useStore(benchmarkStore, state => state);

/** Begins or cancels a benchmark. The store shows a refusal. */
export async function commandBenchmark(command: "start" | "cancel"): Promise<void> {
  try {
    const data = await apiRequest(command === "start" ? startBenchmark : cancelBenchmark, {});
    benchmarkStore.set({ data, error: null });
  } catch (error) {
    benchmarkStore.update(({ data }) => ({ data, error: errorBody(error) }));
  }
}
