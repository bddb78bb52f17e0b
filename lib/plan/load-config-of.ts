import type { LoadConfig } from "@/lib/schema/load-config";
import type { LayerPlan } from "./layer-plan";

export interface LoadDetails {
  readonly modelPath: string;
  readonly threads: number;
  readonly useMmap: boolean;
}

/** The configuration of this plan. Exactly this one is confirmed and loaded. Headroom plans for one sequence. */
export const loadConfigOf = (plan: LayerPlan, { modelPath, threads, useMmap }: LoadDetails): LoadConfig => ({
  modelPath,
  gpuLayers: plan.gpuLayers,
  ...(plan.expertBlocksInRam > 0 ? { expertBlocksInRam: plan.expertBlocksInRam } : {}),
  contextTokens: plan.contextTokens,
  batchTokens: plan.batchTokens,
  sequences: plan.sequences,
  kvType: plan.kvType,
  flashAttention: plan.flashAttention,
  threads,
  useMmap,
});
