import { benchmarkStateSchema } from "@/lib/schema/benchmark";
import { apiRequest } from "./api-request";
import { createResource } from "./resource-store";
import { useStore } from "./use-store";

const PATH = "/api/benchmark";
const POLL_MS = 1000;

/** A benchmark tells nothing by itself: it is asked once a second, while it runs and somebody looks. */
function pollWhileRunning(changed: () => void): () => void {
  const timer = setInterval(() => {
    if (!document.hidden && benchmarkStore.get().data?.running != null) changed();
  }, POLL_MS);
  return () => clearInterval(timer);
}

export const benchmarkStore = createResource(PATH, benchmarkStateSchema, ["settings"], pollWhileRunning);

/** @throws ApiError, with BUSY while somebody uses the engine. */
async function send(method: "POST" | "DELETE"): Promise<void> {
  await apiRequest({ path: PATH, method, schema: benchmarkStateSchema });
  await benchmarkStore.refresh();
}

export const startBenchmark = (): Promise<void> => send("POST");
export const cancelBenchmark = (): Promise<void> => send("DELETE");

export const useBenchmark = () => useStore(benchmarkStore, state => state);
