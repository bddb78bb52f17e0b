import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { isMixed } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { confirmedPlacements } from "../memory/fit-needs";
import {
  computeBytes,
  confirmedPoint,
  type MemoryPoint,
  type Placement,
  placementOf,
  samePlacement,
  withSequences,
} from "../memory/memory-need";
import { kvTypeRefusal } from "../memory/usable-kv-types";
import { betterPlacements, nextPlacement } from "./choose-placement";
import { hasKvInRam } from "./kv-in-ram";
import { planLayers } from "./plan-layers";

/**
 * Between its samples a surface can be wrong by this share of the compute buffer, whose size goes up and down with the context.
 * Steps of up to 12 % were seen (Mistral 7B's shape, 21 layers, 512 to 2,048 tokens: 134.7, 120.1 MB).
 */
const DOUBTED_SHARE = 0.125;
/**
 * Where K and V have different types there is no sample of exactly this cache: up to 28 % less was seen (Llama 2 7B, 16,384 tokens). Nor is
 * there one of a cache in RAM: up to 26 % less (Llama 3.1 8B, 32,768 tokens).
 */
const DOUBTED_UNSAMPLED_SHARE = 0.3;

/** A placement with the answers at once that it is to be confirmed with; absent: as many as the surface has. */
export interface ShownPlacement extends Placement {
  readonly sequences?: number | undefined;
}

/** Whether a dry run of exactly this was made. */
const isConfirmed = (
  surface: MemorySurface,
  { sequences = surface.sequences, ...placement }: ShownPlacement,
  at: Pick<MemoryPoint, "contextTokens" | "kvType">,
): boolean => confirmedPoint(withSequences(surface, sequences), { ...placement, ...at }) !== undefined;

/**
 * Placements to confirm for a displayed plan: the plan's own, the one with a little more on the GPU, and others that might fit; then the plan's
 * own with all the answers at once that it has room for. Empty when all are confirmed.
 *
 * @param known placements confirmed for these settings, in addition to those stored in the surface
 */
export function shownToConfirm(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  known: readonly Placement[] = [],
): ShownPlacement[] {
  if (gpu === null || surface.computeSource !== "dry-run") return [];
  if (kvTypeRefusal(surface, settings.KV_CACHE_QUANT, settings.FLASH_ATTENTION) !== null) return [];
  const confirmed = [...known, ...confirmedPlacements(surface, settings.N_CTX, settings.KV_CACHE_QUANT)];
  const plan = planLayers(surface, gpu, settings);
  const unconfirmed: ShownPlacement[] = [];
  for (const candidate of [
    plan,
    nextPlacement(surface, gpu, settings, plan),
    nextToConfirm(surface, gpu, settings, confirmed),
  ])
    if (candidate !== null && candidate.gpuLayers > 0 && !isAmong(candidate, [...confirmed, ...unconfirmed]))
      unconfirmed.push(placementOf(candidate));
  const { gpuLayers, sequences, contextTokens, kvType } = plan;
  const hasMore = gpuLayers > 0 && sequences !== surface.sequences && isAmong(plan, confirmed);
  const whole = { ...placementOf(plan), sequences };
  return hasMore && !isConfirmed(surface, whole, { contextTokens, kvType }) ? [...unconfirmed, whole] : unconfirmed;
}

const isAmong = (placement: Placement, placements: readonly Placement[]): boolean =>
  placements.some(other => samePlacement(placement, other));

/**
 * The placement to confirm by a dry run before loading; null when nothing is left to confirm.
 *
 * The planned one comes first. For an automatic plan, every better one follows that exceeds the budget by no more than the surface
 * may be wrong, so that nothing that fits stays in RAM. Where nothing fits, no dry run has shown yet how wrong that is: then the first layer
 * is asked about even if its buffer would have to be half as large. Mend the surface with each answer and call this again.
 *
 * @param confirmed placements that are already confirmed for these settings
 */
export function nextToConfirm(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  confirmed: readonly Placement[],
): Placement | null {
  if (gpu === null) return null;
  const plan = planLayers(surface, gpu, settings);
  if (plan.gpuLayers > 0 && !isAmong(plan, confirmed)) return placementOf(plan);
  if (plan.manual) return null;
  const at = { contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  const isSampled = !isMixed(at.kvType) && !hasKvInRam(gpu, settings, plan);
  const believed = (1 - (isSampled ? DOUBTED_SHARE : DOUBTED_UNSAMPLED_SHARE)) * shareConfirmed(surface, plan, at);
  const better = betterPlacements(surface, gpu, settings, plan, 1 - believed).find(one => !isAmong(one, confirmed));
  if (better !== undefined) return placementOf(better);
  const first = plan.gpuLayers > 0 ? null : nextPlacement(surface, gpu, settings, plan);
  const halfBytes = first === null ? 0 : computeBytes(surface, { ...first, ...at }, "gpuBytes") / 2;
  const isWorthAsking =
    first !== null &&
    (first.shortBytes ?? first.needBytes - plan.budgetBytes) <= halfBytes &&
    !isAmong(first, confirmed);
  return isWorthAsking ? placementOf(first) : null;
}

/**
 * What llama.cpp confirmed of the plan's compute buffer as a share of what the samples said; 1 where it is not less. If dry runs were
 * made at a few contexts only, those between are estimated too high for all numbers of layers alike (Llama 3.1 8B, 16,384 tokens: by
 * half). Not for several cards or a cache in RAM, whose compute buffers are their own.
 */
function shareConfirmed(surface: MemorySurface, plan: Placement, at: Omit<MemoryPoint, keyof Placement>): number {
  const { confirmed: _, ...filled } = surface;
  const saidBytes = computeBytes(filled, { ...plan, ...at }, "gpuBytes");
  if (plan.gpuLayers === 0 || plan.tensorSplit !== undefined || plan.kvInRam || saidBytes === 0) return 1;
  return Math.min(1, computeBytes(surface, { ...plan, ...at }, "gpuBytes") / saidBytes);
}
