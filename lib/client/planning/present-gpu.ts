import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { MIB } from "@/lib/units/bytes";
import { liveStore } from "../live-store";
import { surfaceStore } from "./surface-store";

/** A desktop's use of the card varies by a few MiB every second. A plan that followed each change could not be read. */
const BREATH_BYTES = 16 * MIB;

/** System memory varies more: browsers alone change it by this much. */
const RAM_BREATH_BYTES = 256 * MIB;

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

/** The reading to plan with: the previous one, as long as the newer one differs only by such small changes. */
export function steadyGpu(previous: GpuMemory | null, next: GpuMemory | null): GpuMemory | null {
  if (previous === null || next === null) return next;
  const isSame =
    fixed.every(key => previous[key] === next[key]) &&
    previous.overhead.bytes === next.overhead.bytes &&
    Math.abs((previous.availableRamBytes ?? 0) - (next.availableRamBytes ?? 0)) < RAM_BREATH_BYTES &&
    breathing.every(key => Math.abs(previous[key] - next[key]) < BREATH_BYTES);
  return isSame ? previous : next;
}

let lastGpu: GpuMemory | null = null;

/** The card of this computer, by its latest reading. */
export function presentGpu(): GpuMemory | null {
  lastGpu = steadyGpu(lastGpu, liveStore.get().telemetry?.gpu.memory ?? surfaceStore.get().data?.gpu ?? null);
  return lastGpu;
}
