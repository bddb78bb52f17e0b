import type * as z from "zod/mini";
import type { planReportSchema } from "@/lib/schema/plan-report";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { planUsers } from "../advice/plan-users";
import { simplePlanOf } from "../memory/simple-formula";
import { planLayers } from "../placement/plan-layers";
import { type Computer, ramWarnings } from "../placement/plan-ram";
import { explainPlan } from "./explain-plan";
import { reportPlacement } from "./report-placement";

export interface PlanReportInput {
  readonly surface: MemorySurface;
  readonly gpu: GpuMemory | null;
  readonly settings: PlanSettings;
  /** Adds the simple formula for comparison. */
  readonly simple?: boolean;
  /** Adds what it takes to answer so many people at once; null for nothing. */
  readonly users?: number | null;
  /** Adds a check of whether system memory is enough. */
  readonly computer?: Computer;
}

/** @see planReportSchema */
export type PlanReport = z.infer<typeof planReportSchema>;

const gpuOf = (gpu: GpuMemory): PlanReport["gpu"] => ({
  name: gpu.name,
  backend: gpu.backend,
  totalBytes: gpu.totalBytes,
  usedByOthersBytes: gpu.usedByOthersBytes,
  freeBytes: gpu.freeBytes,
  source: gpu.source,
});

export function planReport({
  surface,
  gpu,
  settings,
  simple = false,
  users = null,
  computer,
}: PlanReportInput): PlanReport {
  const plan = planLayers(surface, gpu, settings);
  const { sentence, counterfactuals, ram, speed } = explainPlan(surface, gpu, settings, plan, computer);
  const { name, architecture, blocks, fileBytes } = surface.model;
  return {
    model: { name, architecture, blocks, fileBytes },
    gpu: gpu === null ? null : gpuOf(gpu),
    settings,
    budgetBytes: plan.budgetBytes,
    plan: {
      kind: plan.kind,
      gpuLayers: plan.gpuLayers,
      expertBlocksInRam: plan.expertBlocksInRam,
      ...(plan.borderExpertsOnGpu !== undefined && { borderExpertsOnGpu: plan.borderExpertsOnGpu }),
      kvInRam: plan.kvInRam === true,
      ...reportPlacement(plan, gpu),
      cards: plan.cards.map(({ position, name, layers, budgetBytes, predicted }) => ({
        position,
        name,
        layers,
        budgetBytes,
        predicted,
      })),
      totalLayers: plan.totalLayers,
      contextTokens: plan.contextTokens,
      predicted: plan.predicted,
      ram: plan.ram,
      speed,
      computeSource: plan.computeSource,
      perLayer: plan.perLayer.map(({ index, role, device, weightsBytes, expertBytesInRam, kvBytes, card }) => ({
        index,
        role,
        device,
        weightsBytes,
        expertBytesInRam,
        kvBytes,
        ...(card !== undefined && { card }),
      })),
      why: sentence,
      alternatives: counterfactuals,
      warnings: [...plan.warnings, ...(ram === null ? [] : ramWarnings(ram))],
    },
    ...(users !== null && gpu !== null ? { users: planUsers(surface, gpu, settings, users) } : {}),
    ...(simple && gpu !== null ? { simple: simplePlanOf(surface.model, gpu, settings) } : {}),
  };
}
