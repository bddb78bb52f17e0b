import type { LoadConfig, LoadCost } from "@/lib/schema/load-config";

/** A change of one of these needs the weights anew; a change of any other key needs only a new context. */
const modelKeys = ["modelPath", "gpuLayers", "useMmap"] as const satisfies readonly (keyof LoadConfig)[];
const contextKeys = [
  "contextTokens",
  "batchTokens",
  "sequences",
  "kvType",
  "flashAttention",
  "threads",
] as const satisfies readonly (keyof LoadConfig)[];

/** What going from the loaded configuration to the next one costs; `model` when nothing is loaded. */
export function changeCost(loaded: LoadConfig | null, next: LoadConfig): LoadCost {
  if (loaded === null || modelKeys.some(key => loaded[key] !== next[key])) return "model";
  return contextKeys.some(key => loaded[key] !== next[key]) ? "context" : "nothing";
}
