import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { MIB } from "@/lib/units/bytes";
import { budgetBytes } from "../cards/budget";
import { type MemoryPoint, memoryNeed, withSequences } from "../memory/memory-need";
import { wouldSwap } from "./plan-ram";

/** Answers at once that "auto" takes at most: two people and their programs. More than that is worth a decision. */
export const AUTO_MOST_SEQUENCES = 4;
/** System memory that "auto" spends at most on further answers: little on any computer, because how much is free changes. */
const AUTO_RAM_BYTES = 384 * MIB;

/** The surface for the number of answers at once that the settings name; "auto" places the layers as for one. */
export const surfaceFor = (surface: MemorySurface, { PARALLEL }: Pick<PlanSettings, "PARALLEL">): MemorySurface =>
  PARALLEL === "auto" ? surface : withSequences(surface, PARALLEL);

/**
 * How many answers are written at once. "auto" takes as many as fit beside the chosen layers: it never costs a layer. With several cards it
 * stays at one, because their sum does not tell what one of them has left.
 */
export function plannedSequences(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  at: MemoryPoint,
): number {
  if (settings.PARALLEL !== "auto") return settings.PARALLEL;
  if (gpu?.cards !== undefined) return surface.sequences;
  const one = memoryNeed(surface, at);
  const budget = gpu === null || at.gpuLayers === 0 ? 0 : budgetBytes(gpu, settings.TARGET_VRAM_USAGE);
  for (let sequences = AUTO_MOST_SEQUENCES; sequences > surface.sequences; sequences--) {
    const { gpu: onGpu, ram } = memoryNeed(surface, { ...at, sequences });
    const fitsCard = at.gpuLayers === 0 || onGpu.totalBytes <= budget;
    if (gpu !== null && wouldSwap(surface, gpu, settings, { ...at, sequences })) continue;
    if (fitsCard && ram.totalBytes - one.ram.totalBytes <= AUTO_RAM_BYTES) return sequences;
  }
  return surface.sequences;
}
