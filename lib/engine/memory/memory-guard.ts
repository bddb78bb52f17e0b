import type { Buffers } from "@/lib/schema/plans/load-config";
import type { DeviceBuffers } from "@/lib/schema/plans/placement";
import { formatBytes } from "@/lib/units/bytes";
import { type LlamaBackend, readVram } from "../backend/llama-backend";
import { JobError } from "../job-error";

/**
 * Refuses a load that cannot fit, before anything is allocated. GPU memory is checked by the backend's own count. System memory is
 * checked because nothing else does so (engine.md, trap 7). Mapped weights count too: reading them from disk again and again is
 * too slow to be useful.
 */
export async function checkMemory(
  backend: LlamaBackend,
  need: Buffers,
  devices: readonly DeviceBuffers[] | null,
): Promise<void> {
  checkCards(backend, devices ?? []);
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

/** One of several cards can overflow while they have enough together. */
function checkCards({ placer }: LlamaBackend, devices: readonly DeviceBuffers[]): void {
  for (const { device, name, freeBytes } of placer.cards()) {
    const need = devices.find(buffers => buffers.device === device);
    const needBytes = need === undefined ? 0 : need.weightsBytes + need.kvBytes + need.computeBytes;
    if (needBytes > freeBytes)
      throw new JobError(
        "OUT_OF_MEMORY",
        `${formatBytes(needBytes)} are needed on ${device} (${name}) and ${formatBytes(freeBytes)} are free there.`,
        { deficitBytes: needBytes - freeBytes },
      );
  }
}

/** Memory available without swapping. macOS reports nearly all memory as used, so there all memory that is not wired counts. */
async function availableRamBytes({ llama }: LlamaBackend): Promise<number> {
  if (process.platform !== "darwin") return process.availableMemory();
  const { total, wired } = await llama.getRamState();
  return total - wired;
}
