import type { LoadConfig } from "@/lib/schema/load-config";
import type { LayerPlan } from "./layer-plan";

export interface LoadDetails {
  readonly modelPath: string;
  readonly threads: number;
  readonly useMmap: boolean;
}

/** The one configuration that this plan means: what is confirmed and loaded is exactly this. Headroom plans for one sequence. */
export const loadConfigOf = (plan: LayerPlan, { modelPath, threads, useMmap }: LoadDetails): LoadConfig => ({
  modelPath,
  gpuLayers: plan.gpuLayers,
  contextTokens: plan.contextTokens,
  batchTokens: plan.batchTokens,
  sequences: plan.sequences,
  kvType: plan.kvType,
  flashAttention: plan.flashAttention,
  threads,
  useMmap,
});
