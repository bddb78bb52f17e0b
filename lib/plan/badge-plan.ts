import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { BadgePlan } from "@/lib/schema/local-model";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { MachineSpeed } from "@/lib/schema/plan-speed";
import type { LayerPlan } from "./layer-plan";
import { placementOf } from "./memory-need";
import { ramNeed } from "./plan-ram";
import { predictSpeed } from "./predict-speed";

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
