import type { GpuMemory } from "@/lib/schema/gpu-memory";
import { liveStore } from "./live-store";
import { steadyGpu } from "./steady-gpu";
import { surfaceStore } from "./surface-store";

let lastGpu: GpuMemory | null = null;

/** The card of this computer, by its latest reading. */
export function presentGpu(): GpuMemory | null {
  lastGpu = steadyGpu(lastGpu, liveStore.get().telemetry?.gpu.memory ?? surfaceStore.get().data?.gpu ?? null);
  return lastGpu;
}
