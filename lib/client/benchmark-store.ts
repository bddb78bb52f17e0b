import { cancelBenchmark, readBenchmark, startBenchmark } from "@/lib/schema/api/benchmark";
import { apiRequest, errorBody } from "./api-request";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

/** Often enough for a bar that moves, and only while one runs. */
const POLL_MS = 700;

function pollWhileRunning(changed: () => void): () => void {
  const timer = setInterval(() => {
    const { data, error } = benchmarkStore.get();
    if (data?.running || error !== null) changed();
  }, POLL_MS);
  return () => clearInterval(timer);
}

/** The benchmark as the server has it: it goes on there when the page is closed. */
const benchmarkStore = createResource(readBenchmark, () => ({}), [], pollWhileRunning);

export const useBenchmark = () => useStore(benchmarkStore, state => state);

/** Begins or cancels one; a refusal stands in the store. */
export async function commandBenchmark(command: "start" | "cancel"): Promise<void> {
  try {
    const data = await apiRequest(command === "start" ? startBenchmark : cancelBenchmark, {});
    benchmarkStore.set({ data, error: null });
  } catch (error) {
    benchmarkStore.update(({ data }) => ({ data, error: errorBody(error) }));
  }
}
