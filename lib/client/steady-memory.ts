import { besideBytes } from "@/lib/plan/plan-ram";
import type { SystemMemory } from "@/lib/schema/gpu-memory";
import { MIB } from "@/lib/units/bytes";

/** A computer's memory use varies more than a card's: browsers alone change it by this much. */
const BREATH_BYTES = 64 * MIB;

/** The reading to plan with: the previous one, as long as the newer one differs only by such small changes. */
export function steadyMemory(previous: SystemMemory | null, next: SystemMemory | null): SystemMemory | null {
  if (previous === null || next === null) return next;
  const isSame =
    previous.totalBytes === next.totalBytes &&
    besideBytes(previous) === besideBytes(next) &&
    Math.abs(previous.availableBytes - next.availableBytes) < BREATH_BYTES &&
    Math.abs((previous.heldByEngineBytes ?? 0) - (next.heldByEngineBytes ?? 0)) < BREATH_BYTES;
  return isSame ? previous : next;
}
