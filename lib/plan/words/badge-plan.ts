import type { BadgePlan } from "@/lib/schema/models/local-model";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import type { LayerPlan } from "../cards/layer-plan";
import { placementOf } from "../memory/memory-need";
import { ramNeed } from "../placement/plan-ram";
import { predictSpeed } from "../speed/predict-speed";

interface PlannedFile {
  readonly plan: LayerPlan;
  readonly surface: MemorySurface;
  /** The card that was planned for; null without one. */
  readonly gpu: GpuMemory | null;
}

interface BadgeRun {
  readonly useMmap: boolean;
  readonly machine: MachineSpeed;
  /** No dry run of this file stands behind the figures. */
  readonly isEstimate: boolean;
}

/** What a list shows of a plan: the same for a file of the library, of the hub and of the curated list. */
export function badgePlan({ plan, surface, gpu }: PlannedFile, { useMmap, machine, isEstimate }: BadgeRun): BadgePlan {
  const { kind, totalLayers, predicted, ram } = plan;
  return {
    kind,
    ...placementOf(plan),
    totalLayers,
    gpuBytes: predicted.totalBytes,
    ramBytes: ram.totalBytes,
    ramNeed: ramNeed(plan, gpu, useMmap),
    isEstimate,
    speed: predictSpeed(surface, gpu, plan, machine),
  };
}
