import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { LayerPlan } from "../cards/layer-plan";
import { placementOf } from "../memory/memory-need";

export interface LoadDetails {
  readonly modelPath: string;
  readonly threads: number;
  readonly useMmap: boolean;
}

/** The configuration of this plan. Exactly this one is confirmed and loaded. */
export const loadConfigOf = (plan: LayerPlan, { modelPath, threads, useMmap }: LoadDetails): LoadConfig => ({
  modelPath,
  ...placementOf(plan),
  contextTokens: plan.contextTokens,
  batchTokens: plan.batchTokens,
  sequences: plan.sequences,
  kvType: plan.kvType,
  flashAttention: plan.flashAttention,
  threads,
  useMmap,
});
