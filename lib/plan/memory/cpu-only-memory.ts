import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MemoryParts } from "@/lib/schema/plans/receipt";
import { computeBytes, logitsBytesOf, type MemoryPoint, memoryNeed } from "./memory-need";

/**
 * Without the GPU backend the CPU computes what the GPU computes at full offload: llama.cpp's CPU build asks for nearly the same buffer
 * (SmolLM2 135M, 4,096 tokens: 103,024,640 bytes against 103,022,592). At 0 layers of a GPU build it asks for far less RAM.
 */
export function cpuOnlyMemory(surface: MemorySurface, ram: MemoryParts, at: MemoryPoint): MemoryParts {
  const everywhere = { ...at, gpuLayers: surface.model.blocks + 1 };
  const bytes = Math.max(ram.computeBytes, computeBytes(surface, everywhere, "gpuBytes") + logitsBytesOf(surface));
  return { ...ram, computeBytes: bytes, totalBytes: ram.weightsBytes + ram.kvBytes + bytes };
}

/** System memory that a model takes without a GPU. */
export function cpuOnlyNeed(surface: MemorySurface, at: Omit<MemoryPoint, "gpuLayers">): MemoryParts {
  const onCpu = { ...at, gpuLayers: 0 };
  return cpuOnlyMemory(surface, memoryNeed(surface, onCpu).ram, onCpu);
}
