import type { Buffers } from "@/lib/schema/load-config";
import { formatBytes } from "@/lib/units/bytes";
import { JobError } from "./job-error";
import { type LlamaBackend, readVram } from "./llama-backend";

/**
 * Refuses what cannot fit before anything is allocated: the GPU by the backend's own count, system memory because nothing else
 * guards it (engine.md, trap 7). Mapped weights count too: read again and again from disk, they would be no better than none.
 */
export async function checkMemory(backend: LlamaBackend, need: Buffers): Promise<void> {
  const vram = await readVram(backend);
  const gpuBytes = need.gpuWeightsBytes + need.gpuContextBytes;
  if (vram !== null && gpuBytes > vram.freeBytes)
    throw new JobError(
      "OUT_OF_MEMORY",
      `${formatBytes(gpuBytes)} of GPU memory are needed and ${formatBytes(vram.freeBytes)} are free.`,
      { deficitBytes: gpuBytes - vram.freeBytes },
    );
  const ramBytes = need.ramWeightsBytes + need.ramContextBytes;
  const availableBytes = await availableRamBytes(backend);
  if (ramBytes > availableBytes)
    throw new JobError(
      "OUT_OF_MEMORY",
      `${formatBytes(ramBytes)} of system memory are needed and ${formatBytes(availableBytes)} are available.`,
    );
}

/** What can be had without swapping. macOS calls nearly everything used: there, all that is not wired down counts. */
async function availableRamBytes({ llama }: LlamaBackend): Promise<number> {
  if (process.platform !== "darwin") return process.availableMemory();
  const { total, wired } = await llama.getRamState();
  return total - wired;
}
