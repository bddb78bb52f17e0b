import type { SystemMemory } from "@/lib/schema/gpu-memory";
import { MIB } from "@/lib/units/bytes";

/** A computer's memory breathes more than a card's: browsers alone move by this much. */
const BREATH_BYTES = 64 * MIB;

/** The reading to plan with: the previous one for as long as the newer one says the same but for a breath. */
export function steadyMemory(previous: SystemMemory | null, next: SystemMemory | null): SystemMemory | null {
  if (previous === null || next === null) return next;
  const isSame =
    previous.totalBytes === next.totalBytes &&
    Math.abs(previous.availableBytes - next.availableBytes) < BREATH_BYTES &&
    Math.abs((previous.heldByEngineBytes ?? 0) - (next.heldByEngineBytes ?? 0)) < BREATH_BYTES;
  return isSame ? previous : next;
}
