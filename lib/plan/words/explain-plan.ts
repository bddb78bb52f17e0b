import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { type PerKvType, perKvType } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSpeed } from "@/lib/schema/plans/plan-speed";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { type Counterfactual, counterfactuals } from "../advice/counterfactuals";
import { type PlanPreset, planPresets } from "../advice/presets";
import { type RamRemedy, ramRemedies } from "../advice/ram-remedies";
import { planOverflowBytes } from "../cards/budget";
import type { LayerPlan } from "../cards/layer-plan";
import { largestFullContexts, longestSearched } from "../placement/largest-context";
import { type Computer, planRam, type RamPlan } from "../placement/plan-ram";
import { surfaceFor } from "../placement/sequences";
import { predictSpeed } from "../speed/predict-speed";
import { planDetail, planSentence } from "./plan-sentence";

export interface PlanExplanation {
  /** Explains the number of layers. */
  readonly sentence: string;
  readonly detail: string;
  /** Null if the computer's speed is not known. */
  readonly speed: PlanSpeed | null;
  /** True when the sentence says that the plan is too large for the card, or for system memory when there is no card. */
  readonly isOverfull: boolean;
  readonly counterfactuals: readonly Counterfactual[];
  readonly presets: readonly PlanPreset[];
  /** At most the trained context, or the requested one if that is larger; null when all layers never fit. */
  readonly largestFullContext: PerKvType<number | null>;
  /** Null if the computer's memory is not known. */
  readonly ram: RamPlan | null;
  /** Changes that make the plan fit into system memory; empty when it fits already. */
  readonly ramRemedies: readonly RamRemedy[];
}

/** @param computer null if its memory is not known */
export function explainPlan(
  asked: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  plan: LayerPlan,
  computer: Computer | null = null,
): PlanExplanation {
  const surface = surfaceFor(asked, settings);
  const ram = computer && planRam(plan, gpu, computer);
  const speed = computer?.speed === undefined ? null : predictSpeed(surface, gpu, plan, computer.speed);
  return {
    sentence: planSentence(surface, gpu, settings, plan, computer, speed),
    speed,
    detail: planDetail(gpu, plan),
    isOverfull: gpu === null ? ram !== null && ram.outcome !== "fits" : planOverflowBytes(gpu, plan) > 0,
    counterfactuals: counterfactuals(surface, gpu, settings, plan, computer?.speed),
    presets: planPresets(surface, gpu, settings, computer?.speed),
    largestFullContext:
      gpu === null
        ? perKvType(settings.KV_CACHE_QUANT, () => null)
        : largestFullContexts(surface, gpu, settings, longestSearched(surface, settings.N_CTX)),
    ram,
    ramRemedies: computer === null || ram?.outcome === "fits" ? [] : ramRemedies(surface, gpu, settings, computer),
  };
}
