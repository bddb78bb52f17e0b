import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings";
import { budgetBytes } from "./budget";
import { confirmedLayers, fitNeeds } from "./fit-needs";
import { gpuComputeBytes } from "./memory-need";
import { planLayers } from "./plan-layers";
import { kvTypeRefusal } from "./usable-kv-types";

/**
 * Between its samples a surface can be wrong by this share of the compute buffer, whose size goes up and down with the context.
 * Steps of up to 12 % were seen (Mistral 7B's shape, 21 layers, 512 to 2,048 tokens: 134.7, 120.1 MB).
 */
const DOUBTED_SHARE = 0.125;

/**
 * Layer counts to confirm for a displayed plan: the plan's own, one more, and others that might fit. Empty when all are confirmed.
 * @param known layer counts confirmed for these settings, in addition to those stored in the surface
 */
export function shownToConfirm(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  known: ReadonlySet<number> = new Set(),
): number[] {
  if (gpu === null || surface.computeSource !== "dry-run") return [];
  if (kvTypeRefusal(surface, settings.KV_CACHE_QUANT, settings.FLASH_ATTENTION) !== null) return [];
  const confirmed = new Set([...known, ...confirmedLayers(surface, settings.N_CTX, settings.KV_CACHE_QUANT)]);
  const { gpuLayers, totalLayers } = planLayers(surface, gpu, settings);
  const candidates = [
    gpuLayers,
    Math.min(gpuLayers + 1, totalLayers),
    nextToConfirm(surface, gpu, settings, confirmed),
  ];
  return [...new Set(candidates)].filter((k): k is number => k !== null && k > 0 && !confirmed.has(k));
}

/**
 * The layer count to confirm by a dry run before loading; null when nothing is left to confirm.
 *
 * The planned number comes first. For an automatic plan, every larger number follows that exceeds the budget by no more than the
 * surface may be wrong, so that no layer that fits stays on the CPU. Mend the surface with each answer and call this again.
 *
 * @param confirmed layer counts that are already confirmed for these settings
 */
export function nextToConfirm(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  confirmed: ReadonlySet<number>,
): number | null {
  if (gpu === null) return null;
  const { gpuLayers, totalLayers, manual } = planLayers(surface, gpu, settings);
  if (gpuLayers > 0 && !confirmed.has(gpuLayers)) return gpuLayers;
  if (manual) return null;
  const needs = fitNeeds(surface, settings.N_CTX, settings.KV_CACHE_QUANT);
  const compute = gpuComputeBytes(surface, settings.N_CTX, settings.KV_CACHE_QUANT);
  const budget = budgetBytes(gpu, settings.TARGET_VRAM_USAGE);
  for (let larger = totalLayers; larger > gpuLayers; larger--) {
    const doubtBytes = DOUBTED_SHARE * (compute[larger] ?? 0);
    if (!confirmed.has(larger) && (needs[larger] ?? 0) - budget <= doubtBytes) return larger;
  }
  return null;
}
