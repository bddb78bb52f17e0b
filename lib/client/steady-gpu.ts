import type { GpuMemory } from "@/lib/schema/gpu-memory";
import { MIB } from "@/lib/units/bytes";

/** Desktops breathe by a few MiB a second; a plan that follows every breath cannot be read. */
const BREATH_BYTES = 16 * MIB;

const breathing = [
  "usedByOthersBytes",
  "freeBytes",
  "heldByEngineBytes",
] as const satisfies readonly (keyof GpuMemory)[];
const fixed = [
  "name",
  "backend",
  "kind",
  "totalBytes",
  "source",
  "note",
] as const satisfies readonly (keyof GpuMemory)[];

/** The reading to plan with: the previous one for as long as the newer one says the same but for a breath. */
export function steadyGpu(previous: GpuMemory | null, next: GpuMemory | null): GpuMemory | null {
  if (previous === null || next === null) return next;
  const isSame =
    fixed.every(key => previous[key] === next[key]) &&
    previous.overhead.bytes === next.overhead.bytes &&
    breathing.every(key => Math.abs(previous[key] - next[key]) < BREATH_BYTES);
  return isSame ? previous : next;
}
