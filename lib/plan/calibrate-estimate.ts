import { type KvType, ofEachKvType } from "@/lib/schema/kv-type";
import type { ComputeColumn, MemorySurface } from "@/lib/schema/memory-surface";
import { computeBytes } from "./memory-need";

/** How far the header's bound was above llama.cpp's CPU build, whose one compute buffer holds the whole graph. */
function shareOfBound(header: MemorySurface, sampled: MemorySurface, contextTokens: number, kvType: KvType): number {
  const at = { gpuLayers: 0, contextTokens, kvType };
  const bound = computeBytes(header, at, "ramBytes");
  return bound > 0 ? Math.min(1, computeBytes(sampled, at, "ramBytes") / bound) : 1;
}

function calibratedColumns(header: MemorySurface, sampled: MemorySurface, kvType: KvType): ComputeColumn[] {
  const cpu = sampled.compute[kvType].filter(column => column.gpuLayers === 0);
  const contexts = cpu.flatMap(column => column.points.map(point => point.contextTokens));
  const onGpu = header.compute[kvType].filter(column => column.gpuLayers > 0);
  return [
    ...cpu,
    ...onGpu.map(({ gpuLayers }) => ({
      gpuLayers,
      points: contexts.map(contextTokens => {
        const at = { gpuLayers, contextTokens, kvType };
        const share = shareOfBound(header, sampled, contextTokens, kvType);
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
 * A better estimate for a computer on which no GPU backend runs: the GPU columns of the header's bound, brought down by as much as
 * the bound was too high for the CPU. At full offload that is the CPU build's own figure, which the GPU's comes close to:
 * 103,024,640 against 103,022,592 bytes for SmolLM2 135M, and above it for Llama 2 and Mistral 7B (101 and 85, 120 and 104 MiB).
 *
 * @param sampled the same surface with dry runs of the CPU in its column of 0 layers; it stays `estimated`. Where the closed form of its
 *   KV cache turned out wrong, those columns hold the cache as well and say nothing of compute: then the header's bound is kept.
 */
export function calibrateEstimate(header: MemorySurface, sampled: MemorySurface): MemorySurface {
  if (sampled.kvSource !== header.kvSource) return header;
  const compute = ofEachKvType(kvType => calibratedColumns(header, sampled, kvType));
  return { ...sampled, compute };
}
