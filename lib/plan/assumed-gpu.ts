import type { GpuMemory } from "@/lib/schema/gpu-memory";
import { bytesToGib, MIB } from "@/lib/units/bytes";

/** llama.cpp's CUDA context and kernels on a card that was never measured: the lower end of what others report, 300 to 460 MiB. */
const ASSUMED_OVERHEAD_BYTES = 300 * MIB;

/** A card that is not here, to plan for: known by its total memory and what other programs use of it. */
export function assumedGpu({ totalBytes, usedBytes }: { totalBytes: number; usedBytes: number }): GpuMemory {
  const usedByOthersBytes = Math.min(totalBytes, usedBytes);
  return {
    name: `an assumed ${Number(bytesToGib(totalBytes).toFixed(1))} GiB card`,
    backend: "cuda",
    kind: "unknown",
    totalBytes,
    usedByOthersBytes,
    heldByEngineBytes: 0,
    freeBytes: totalBytes - usedByOthersBytes,
    overhead: { bytes: ASSUMED_OVERHEAD_BYTES, source: "cautious", samples: 0, spreadBytes: 0 },
    source: "assumed",
  };
}
