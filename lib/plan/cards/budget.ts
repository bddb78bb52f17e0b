import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LayerPlan, PlannedCard } from "./layer-plan";

/** What may be placed on the card before overhead: can be negative when others already use more than the target. */
function allowanceBytes(gpu: GpuMemory, targetVramUsage: number): number {
  const belowTargetBytes = Math.floor(targetVramUsage * gpu.totalBytes) - gpu.usedByOthersBytes;
  return Math.min(belowTargetBytes, gpu.freeBytes + gpu.heldByEngineBytes) - gpu.overhead.bytes;
}

/**
 * Bytes that llama.cpp's buffers may take. The target limits all memory in use on the card, by every program.
 * What our own engine holds counts as free, because a reload releases it first. The overhead outside the buffers is subtracted. Never below zero.
 */
export const budgetBytes = (gpu: GpuMemory, targetVramUsage: number): number =>
  Math.max(0, allowanceBytes(gpu, targetVramUsage));

/** By how many bytes a plan exceeds the card itself, whatever the target; 0 when it fits. */
export const overflowBytes = (gpu: GpuMemory, plannedBytes: number): number =>
  plannedBytes === 0 ? 0 : Math.max(0, plannedBytes + gpu.usedByOthersBytes - gpu.totalBytes);

/** The same for a plan; with several cards, what is missing on each. */
export const planOverflowBytes = (
  gpu: GpuMemory,
  { cards, predicted }: Pick<LayerPlan, "cards" | "predicted">,
): number =>
  cards.length === 0
    ? overflowBytes(gpu, predicted.totalBytes)
    : cards.reduce((sum, card) => sum + cardOverflowBytes(card), 0);

export const cardOverflowBytes = ({ predicted, usedByOthersBytes, totalBytes }: PlannedCard): number =>
  predicted.totalBytes === 0 ? 0 : Math.max(0, predicted.totalBytes + usedByOthersBytes - totalBytes);

/** What other programs must free before the first byte can be placed; 0 when there is room. */
export const toBeFreedBytes = (gpu: GpuMemory, targetVramUsage: number): number =>
  Math.max(0, -allowanceBytes(gpu, targetVramUsage));
