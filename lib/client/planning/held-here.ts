import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { GpuReport } from "@/lib/schema/plans/gpu-memory";

/**
 * What the loaded model has on the cards that still answer. Where a card is lost, the engine's figures are still those of all cards,
 * and its parts are shown in their proportions within what the driver counts for us.
 */
export function heldHere(
  held: EngineSnapshot["held"],
  { memory, lostCards }: Pick<GpuReport, "memory" | "lostCards">,
): EngineSnapshot["held"] {
  if (held === null || memory === null || lostCards.length === 0) return held;
  const share = Math.min(1, memory.heldByEngineBytes / held.totalBytes);
  return {
    weightsBytes: Math.floor(held.weightsBytes * share),
    kvBytes: Math.floor(held.kvBytes * share),
    computeBytes: Math.floor(held.computeBytes * share),
    overheadBytes: Math.floor(held.overheadBytes * share),
    totalBytes: Math.floor(held.totalBytes * share),
  };
}
