import type { MemoryPoint, Placement } from "@/lib/plan/memory/memory-need";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { DeviceBytes, DryRun } from "./dry-run";
import type { ExpertTensor } from "./misplacement";

/** Makes dry runs for one surface: always the same model, batch, sequences and flash attention. */
export interface SurfaceOracle {
  /** False where only system memory can be measured. */
  readonly gpu: boolean;
  /** False where experts can only be with their layer. */
  readonly placesExperts: boolean;
  /** Cards over which layers can be shared by given numbers. With several, `weights` and `context` are those of the first card alone. */
  readonly cards: number;
  weights(placement: Placement): Promise<DeviceBytes>;
  /** By the header. */
  expertTensors(): readonly ExpertTensor[];
  /** KV cache and compute together. `batchTokens` replaces the surface's own. */
  context(at: MemoryPoint, batchTokens?: number): Promise<DeviceBytes>;
  /** Compute buffers of each card that has layers, in the engine's order; null if devices cannot be told. */
  cardComputes(at: MemoryPoint): Promise<readonly number[] | null>;
}

export function dryRunOracle(
  dryRun: DryRun,
  of: Pick<MemorySurface, "batchTokens" | "sequences" | "flashAttention"> & { readonly useMmap: boolean },
  { gpu, placesExperts, cards = 0 }: Pick<SurfaceOracle, "gpu" | "placesExperts"> & { readonly cards?: number },
): SurfaceOracle {
  const alone = cards > 1 ? { tensorSplit: [1] } : {};
  const run = (at: MemoryPoint) => ({ ...at, batchTokens, sequences, flashAttention, useMmap });
  const { batchTokens, sequences, flashAttention, useMmap } = of;
  return {
    gpu,
    placesExperts,
    cards,
    expertTensors: () => dryRun.expertTensors(),
    weights: placement => dryRun.weights({ ...alone, ...placement, useMmap }),
    context: (at, batch = batchTokens) => dryRun.context({ ...alone, ...run(at), batchTokens: batch }),
    cardComputes: async at => {
      const devices = await dryRun.devices(run(at));
      return devices?.filter(({ device }) => device !== null).map(({ computeBytes }) => computeBytes) ?? null;
    },
  };
}
