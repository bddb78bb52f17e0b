import type { MemoryPoint, Placement } from "@/lib/plan/memory-need";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { DeviceBytes, DryRun } from "./dry-run";

/** Makes dry runs for one surface: always the same model, batch, sequences and flash attention. */
export interface SurfaceOracle {
  /** False where only system memory can be measured. */
  readonly gpu: boolean;
  /** False where experts can only be with their layer. */
  readonly placesExperts: boolean;
  weights(placement: Placement): Promise<DeviceBytes>;
  /** KV cache and compute together. `batchTokens` replaces the surface's own. */
  context(at: MemoryPoint, batchTokens?: number): Promise<DeviceBytes>;
}

export function dryRunOracle(
  dryRun: DryRun,
  run: Pick<MemorySurface, "batchTokens" | "sequences" | "flashAttention"> & { readonly useMmap: boolean },
  { gpu, placesExperts }: Pick<SurfaceOracle, "gpu" | "placesExperts">,
): SurfaceOracle {
  const { batchTokens, sequences, flashAttention, useMmap } = run;
  return {
    gpu,
    placesExperts,
    weights: placement => dryRun.weights({ ...placement, useMmap }),
    context: (at, batch = batchTokens) =>
      dryRun.context({ ...at, batchTokens: batch, sequences, flashAttention, useMmap }),
  };
}
