import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { KvType } from "@/lib/schema/kv-type";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings";
import { type Counterfactual, counterfactuals } from "./counterfactuals";
import { largestFullContexts } from "./largest-context";
import type { LayerPlan } from "./layer-plan";
import { planDetail, planSentence } from "./plan-sentence";
import { type PlanPreset, planPresets } from "./presets";

export interface PlanExplanation {
  /** Why it is this many layers. */
  readonly sentence: string;
  readonly detail: string;
  readonly counterfactuals: readonly Counterfactual[];
  readonly presets: readonly PlanPreset[];
  /** Up to the trained context; null when all layers never fit. */
  readonly largestFullContext: Readonly<Record<KvType, number | null>>;
}

export const explainPlan = (
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  plan: LayerPlan,
): PlanExplanation => ({
  sentence: planSentence(surface, gpu, settings, plan),
  detail: planDetail(gpu, plan),
  counterfactuals: counterfactuals(surface, gpu, settings, plan),
  presets: planPresets(surface, gpu, settings),
  largestFullContext:
    gpu === null ? { f16: null, q8_0: null, q4_0: null } : largestFullContexts(surface, plan.budgetBytes),
});
