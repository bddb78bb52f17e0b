import { type KvElementType, ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { ComputeColumn, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { computeBytes, expertBlocks } from "./memory-need";

/** llama.cpp's CPU build's figure as a share of the header's bound. The one compute buffer of that build holds the whole graph. */
function shareOfBound(
  header: MemorySurface,
  filled: MemorySurface,
  contextTokens: number,
  kvType: KvElementType,
): number {
  const at = { gpuLayers: 0, contextTokens, kvType };
  const bound = computeBytes(header, at, "ramBytes");
  return bound > 0 ? Math.min(1, computeBytes(filled, at, "ramBytes") / bound) : 1;
}

/** @param expertBlocksInRam 0, or all of them */
function calibratedColumns(
  header: MemorySurface,
  filled: MemorySurface,
  kvType: KvElementType,
  expertBlocksInRam: number,
): ComputeColumn[] {
  const cpu = filled.compute[kvType].filter(column => column.gpuLayers === 0);
  const contexts = cpu.flatMap(column => column.points.map(point => point.contextTokens));
  const onGpu = header.compute[kvType].filter(column => column.gpuLayers > 0);
  return [
    ...cpu,
    ...onGpu.map(({ gpuLayers }) => ({
      gpuLayers,
      points: contexts.map(contextTokens => {
        const at = { gpuLayers, expertBlocksInRam, contextTokens, kvType };
        const share = shareOfBound(header, filled, contextTokens, kvType);
        return {
          contextTokens,
          gpuBytes: Math.ceil(computeBytes(header, at, "gpuBytes") * share),
          ramBytes: computeBytes(header, at, "ramBytes"),
        };
      }),
    })),
  ];
}

/**
 * A better estimate for a computer on which no GPU backend runs: the GPU columns of the header's bound, reduced by the same share
 * as the bound exceeds the CPU's figure. At full offload the result is the CPU build's own figure. That is close to the GPU's for
 * SmolLM2 135M (103,024,640 against 103,022,592 bytes) and above it for Llama 2 and Mistral 7B (101 and 85, 120 and 104 MiB).
 *
 * @param filled the same surface with the CPU's dry runs in its column of 0 layers; it stays `estimated`. Where the closed form of its
 *   KV cache was wrong, those columns include the cache and do not show compute alone: then the header's bound is kept.
 */
export function calibrateEstimate(header: MemorySurface, filled: MemorySurface): MemorySurface {
  if (filled.kvSource !== header.kvSource) return header;
  const tableWith = (apart: number) => ofEachElementType(kvType => calibratedColumns(header, filled, kvType, apart));
  return {
    ...filled,
    compute: tableWith(0),
    ...(header.computeExpertsInRam && { computeExpertsInRam: tableWith(expertBlocks(header)) }),
  };
}
