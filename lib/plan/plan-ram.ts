import type { GpuMemory, SystemMemory } from "@/lib/schema/gpu-memory";
import { formatGib } from "@/lib/units/bytes";
import type { LayerPlan, PlanWarning } from "./layer-plan";

/** What a plan takes of system memory, against what the computer has available. */
export interface RamPlan {
  /** Weights in RAM, KV cache and compute; with a shared GPU also what the plan puts "on the GPU". */
  readonly needBytes: number;
  /** Of these, memory that cannot be dropped and read again: everything but memory-mapped weights. */
  readonly lockedBytes: number;
  readonly availableBytes: number;
  readonly totalBytes: number;
  /** An integrated GPU has no memory of its own: both halves of the plan come from here. */
  readonly sharedWithGpu: boolean;
  /** `swaps`: what must stay does not fit. `rereads`: mapped weights do not fit, so the file is read again for every token. */
  readonly outcome: "fits" | "rereads" | "swaps";
  readonly warnings: readonly PlanWarning[];
}

/**
 * Memory in use that is not our engine's: the same whichever model is planned, for what the loaded one holds is free after a
 * reload. Where the system does not tell what that is, all counts as others'.
 */
export const ramUsedByOthers = ({ totalBytes, availableBytes, heldByEngineBytes = 0 }: SystemMemory): number =>
  Math.max(0, totalBytes - availableBytes - heldByEngineBytes);

export interface RamSettings {
  readonly useMmap: boolean;
  /** Bytes our own engine holds in system memory now; a reload gives them back first. */
  readonly heldByEngineBytes?: number;
}

function ramWarning(outcome: RamPlan["outcome"], needBytes: number, availableBytes: number): PlanWarning[] {
  if (outcome === "fits") return [];
  const short = `${formatGib(needBytes)} of system memory is needed and ${formatGib(availableBytes)} is available`;
  const consequence =
    outcome === "swaps"
      ? "the computer would swap and become very slow. Choose a smaller model, less context or a quantized KV cache."
      : "parts of the model file would be read from disk for every token. Choose a smaller model or quantization.";
  return [{ code: "ram-short", message: `${short}: ${consequence}` }];
}

/** Says before a load whether system memory is enough: nothing in llama.cpp does. */
export function planRam(
  plan: LayerPlan,
  gpu: GpuMemory | null,
  memory: SystemMemory,
  { useMmap, heldByEngineBytes = 0 }: RamSettings,
): RamPlan {
  const sharedWithGpu = gpu !== null && gpu.kind !== "dedicated" && gpu.kind !== "unknown";
  const onSharedGpu = sharedWithGpu ? plan.predicted.totalBytes : 0;
  const needBytes = plan.ram.totalBytes + onSharedGpu;
  const lockedBytes = needBytes - (useMmap ? plan.ram.weightsBytes : 0);
  const availableBytes = Math.min(memory.totalBytes, memory.availableBytes + heldByEngineBytes);
  const outcome = lockedBytes > availableBytes ? "swaps" : needBytes > availableBytes ? "rereads" : "fits";
  return {
    needBytes,
    lockedBytes,
    availableBytes,
    totalBytes: memory.totalBytes,
    sharedWithGpu,
    outcome: !useMmap && outcome === "rereads" ? "swaps" : outcome,
    warnings: ramWarning(outcome, needBytes, availableBytes),
  };
}
