import type { GpuMemory } from "@/lib/schema/gpu-memory";

/** What may be placed on the card before overhead: can be negative when others already use more than the target. */
function allowanceBytes(gpu: GpuMemory, targetVramUsage: number): number {
  const belowTargetBytes = Math.floor(targetVramUsage * gpu.totalBytes) - gpu.usedByOthersBytes;
  return Math.min(belowTargetBytes, gpu.freeBytes + gpu.heldByEngineBytes) - gpu.overhead.bytes;
}

/**
 * Bytes that llama.cpp's buffers may take. The target is a cap on the card's total memory in use, others included;
 * what our own engine holds counts as free, because a reload gives it back first; the overhead outside the buffers is taken off. Never below zero.
 */
export const budgetBytes = (gpu: GpuMemory, targetVramUsage: number): number =>
  Math.max(0, allowanceBytes(gpu, targetVramUsage));

/** Bytes of a plan that are more than the card has, whatever the target; 0 when it fits. */
export const overflowBytes = (gpu: GpuMemory, plannedBytes: number): number =>
  plannedBytes === 0 ? 0 : Math.max(0, plannedBytes + gpu.usedByOthersBytes - gpu.totalBytes);

/** What others would have to give back before the first byte can be placed; 0 when there is room. */
export const toBeFreedBytes = (gpu: GpuMemory, targetVramUsage: number): number =>
  Math.max(0, -allowanceBytes(gpu, targetVramUsage));
