import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { LoadConfig } from "@/lib/schema/load-config";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { budgetBytes } from "./budget";
import { fitNeeds, mostGpuLayers } from "./fit-needs";
import { memoryNeed } from "./memory-need";

/**
 * What to try after this configuration ran out of memory: fewer layers, as many as free the missing bytes, and always at least one
 * fewer, so that no configuration is tried twice. The context stays, because the user chose it. With `gpu`, read again after the
 * failure, the new configuration also fits what is free now. 0 layers means the CPU alone; null means that nothing is left to lower.
 *
 * @param deficitBytes the missing bytes that the backend reported; 0 when it reported none
 */
export function stepDown(
  surface: MemorySurface,
  config: LoadConfig,
  deficitBytes: number,
  gpu: GpuMemory | null,
): LoadConfig | null {
  if (config.gpuLayers === 0) return null;
  const failedBytes = memoryNeed(surface, config).gpu.totalBytes;
  const freeBytes = gpu === null ? Number.POSITIVE_INFINITY : budgetBytes(gpu, 1);
  const limitBytes = Math.min(failedBytes - Math.max(1, deficitBytes), freeBytes);
  const fewer = fitNeeds(surface, config.contextTokens, config.kvType).subarray(0, config.gpuLayers);
  return { ...config, gpuLayers: mostGpuLayers(fewer, limitBytes) };
}
