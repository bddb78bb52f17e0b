import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { budgetBytes } from "../cards/budget";
import { fitNeeds, mostGpuLayers } from "../memory/fit-needs";
import { expertBlocks, memoryNeed } from "../memory/memory-need";
import { canPlaceExperts } from "./choose-placement";
import { stepDownOnCards } from "./step-down-on-cards";

/**
 * What to try after this configuration ran out of memory: one answer at once where the planner chose more, or else more experts in RAM, or else fewer layers, as many as free the missing bytes,
 * and always at least one, so that no configuration is tried twice. The context stays, because the user chose it. With `gpu`, read again after the
 * failure, the new configuration also fits what is free now. 0 layers means the CPU alone; null means that nothing is left to lower.
 *
 * @param failedCard of several cards, the index of the one that had too little; null if it is not known
 * @param deficitBytes the missing bytes that the backend reported; 0 when it reported none
 */
export function stepDown(
  surface: MemorySurface,
  config: LoadConfig,
  deficitBytes: number,
  gpu: GpuMemory | null,
  failedCard: number | null = null,
): LoadConfig | null {
  if (config.sequences > surface.sequences) return { ...config, sequences: surface.sequences };
  if (config.gpuLayers === 0) return null;
  if (config.tensorSplit !== undefined) {
    const lower = stepDownOnCards(surface, config, deficitBytes, gpu, failedCard);
    if (lower !== null) return lower;
  }
  const failedBytes = memoryNeed(surface, config).gpu.totalBytes;
  const freeBytes = gpu === null ? Number.POSITIVE_INFINITY : budgetBytes(gpu, 1);
  const limitBytes = Math.min(failedBytes - Math.max(1, deficitBytes), freeBytes);
  const { expertBlocksInRam = 0, borderExpertsOnGpu, tensorSplit, ...whole } = config;
  const allExperts = canPlaceExperts(surface, gpu) ? expertBlocks(surface) : 0;
  const at = { contextTokens: config.contextTokens, kvType: config.kvType };
  const least = borderExpertsOnGpu === undefined ? expertBlocksInRam + 1 : expertBlocksInRam;
  for (let more = least; more <= allExperts; more++) {
    const lower = { gpuLayers: config.gpuLayers, expertBlocksInRam: more };
    if (memoryNeed(surface, { ...lower, ...at }).gpu.totalBytes <= limitBytes) return { ...whole, ...lower };
  }
  const experts = expertBlocksInRam > 0 ? "ram" : "with-layer";
  const fewer = fitNeeds(surface, config.contextTokens, config.kvType, experts).subarray(0, config.gpuLayers);
  const lower = { ...whole, gpuLayers: mostGpuLayers(fewer, limitBytes) };
  return experts === "ram" && lower.gpuLayers > 0 ? { ...lower, expertBlocksInRam: allExperts } : lower;
}
