import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings";
import type { Counterfactual } from "./counterfactuals";
import { explainPlan } from "./explain-plan";
import type { LayerPlan, PlannedLayer } from "./layer-plan";
import { planLayers } from "./plan-layers";
import { type Computer, ramWarnings } from "./plan-ram";
import { type SimplePlan, simplePlanOf } from "./simple-formula";

export interface PlanReportInput {
  readonly surface: MemorySurface;
  readonly gpu: GpuMemory | null;
  readonly settings: PlanSettings;
  /** Puts the simple formula beside the plan. */
  readonly simple?: boolean;
  /** Adds whether system memory is enough for what stays there. */
  readonly computer?: Computer;
}

/**
 * The plan as JSON for machines: `npm run plan -- --json` and /api/plan. Scripts rely on these names (docs: interfaces). Bytes are integers,
 * `totalLayers` counts the output layer, and the token embedding has index -1.
 */
export interface PlanReport {
  readonly model: Pick<MemorySurface["model"], "name" | "architecture" | "blocks" | "fileBytes">;
  readonly gpu: Pick<
    GpuMemory,
    "name" | "backend" | "totalBytes" | "usedByOthersBytes" | "freeBytes" | "source"
  > | null;
  readonly settings: PlanSettings;
  readonly budgetBytes: number;
  readonly plan: Pick<
    LayerPlan,
    "kind" | "gpuLayers" | "totalLayers" | "contextTokens" | "predicted" | "ram" | "computeSource" | "warnings"
  > & {
    readonly perLayer: readonly Pick<PlannedLayer, "index" | "role" | "device" | "weightsBytes" | "kvBytes">[];
    readonly why: string;
    readonly alternatives: readonly Counterfactual[];
  };
  readonly simple?: SimplePlan;
}

const gpuOf = (gpu: GpuMemory): PlanReport["gpu"] => ({
  name: gpu.name,
  backend: gpu.backend,
  totalBytes: gpu.totalBytes,
  usedByOthersBytes: gpu.usedByOthersBytes,
  freeBytes: gpu.freeBytes,
  source: gpu.source,
});

export function planReport({ surface, gpu, settings, simple = false, computer }: PlanReportInput): PlanReport {
  const plan = planLayers(surface, gpu, settings);
  const { sentence, counterfactuals, ram } = explainPlan(surface, gpu, settings, plan, computer);
  const { name, architecture, blocks, fileBytes } = surface.model;
  return {
    model: { name, architecture, blocks, fileBytes },
    gpu: gpu === null ? null : gpuOf(gpu),
    settings,
    budgetBytes: plan.budgetBytes,
    plan: {
      kind: plan.kind,
      gpuLayers: plan.gpuLayers,
      totalLayers: plan.totalLayers,
      contextTokens: plan.contextTokens,
      predicted: plan.predicted,
      ram: plan.ram,
      computeSource: plan.computeSource,
      perLayer: plan.perLayer.map(({ index, role, device, weightsBytes, kvBytes }) => ({
        index,
        role,
        device,
        weightsBytes,
        kvBytes,
      })),
      why: sentence,
      alternatives: counterfactuals,
      warnings: [...plan.warnings, ...(ram === null ? [] : ramWarnings(ram))],
    },
    ...(simple && gpu !== null ? { simple: simplePlanOf(surface.model, gpu, settings) } : {}),
  };
}
