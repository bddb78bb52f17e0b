import { memoryNeed } from "@/lib/plan/memory/memory-need";
import { plannedSpeed } from "@/lib/plan/speed/receipt-speed";
import type { GpuReport } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import type { MemoryParts, Receipt } from "@/lib/schema/plans/receipt";
import type { LoadedMessage } from "@/lib/server/engine/engine-supervisor";

/** One load: its plan, its result, and what the driver reported around it. */
export interface LoadRecord {
  readonly modelName: string;
  readonly surface: MemorySurface;
  readonly requestedGpuLayers: number;
  readonly lowered: string | null;
  readonly loaded: LoadedMessage;
  /** Just before the load and just after it; null when it could not be read in time. */
  readonly before: GpuReport;
  readonly after: GpuReport | null;
  readonly machine: MachineSpeed;
}

const noMemory: MemoryParts = {
  weightsBytes: 0,
  kvBytes: 0,
  computeBytes: 0,
  overheadBytes: 0,
  totalBytes: 0,
};

/** What the plan says this configuration takes on the GPU. Without layers there the engine runs without a GPU at all. */
export function predictedParts(surface: MemorySurface, config: LoadConfig, overheadBytes: number): MemoryParts {
  if (config.gpuLayers === 0) return noMemory;
  return withOverhead(memoryNeed(surface, config).gpu, overheadBytes);
}

/**
 * What the load reports, part by part. If llama.cpp's log did not split the context into KV cache and compute, the
 * closed form's KV cache is subtracted from it. Overhead that could not be measured is shown as predicted.
 */
export function actualParts(loaded: LoadedMessage, predicted: MemoryParts, measuredOverheadBytes: number | null) {
  const { gpuWeightsBytes, gpuContextBytes } = loaded.buffers;
  if (loaded.config.gpuLayers === 0) return noMemory;
  const kvBytes = Math.min(loaded.split.gpuKvBytes ?? predicted.kvBytes, gpuContextBytes);
  const parts = { weightsBytes: gpuWeightsBytes, kvBytes, computeBytes: gpuContextBytes - kvBytes };
  // The prediction includes the draft model.
  const overheadBytes =
    measuredOverheadBytes === null ? predicted.overheadBytes : measuredOverheadBytes + draftBytes(loaded);
  return withOverhead(parts, overheadBytes);
}

/** What a draft model took of the card. */
const draftBytes = ({ draft }: Pick<LoadedMessage, "draft">): number =>
  draft?.kind === "loaded" ? draft.buffers.gpuWeightsBytes + draft.buffers.gpuContextBytes : 0;

export function makeReceipt(record: LoadRecord, atMs: number): Omit<Receipt, "id"> {
  const { surface, loaded, before, after } = record;
  const { config } = loaded;
  const predicted = predictedParts(surface, config, before.memory?.overhead.bytes ?? 0);
  const measuredOverheadBytes = config.gpuLayers === 0 ? null : measureOverhead(before, after, loaded);
  return {
    atMs,
    modelName: record.modelName,
    device: before.memory?.name ?? "CPU",
    driverVersion: before.driverVersion,
    backend: before.memory?.backend ?? "none",
    config,
    totalLayers: surface.model.blocks + 1,
    requestedGpuLayers: record.requestedGpuLayers,
    lowered: record.lowered,
    predicted,
    actual: actualParts(loaded, predicted, measuredOverheadBytes),
    buffers: loaded.buffers,
    split: loaded.split,
    deviceUsedBeforeBytes: usedBytes(before, "others"),
    deviceUsedAfterBytes: after === null ? null : usedBytes(after, "all"),
    measuredOverheadBytes,
    loadMs: loaded.elapsedMs,
    tokensPerSecond: null,
    speed: plannedSpeed(surface, before.memory, config, record.machine),
  };
}

/**
 * What our process takes on the card beyond llama.cpp's buffers, for the model and its draft model: everything used after the load, minus what other programs
 * used before it. Our own earlier use is not subtracted, because the driver's context may have existed
 * already, and the replaced model was still loaded.
 *
 * @returns null if no counter can be trusted: a software device's never moves, and others may have freed memory meanwhile
 */
export function measureOverhead(
  before: GpuReport,
  after: GpuReport | null,
  loaded: Pick<LoadedMessage, "buffers" | "draft">,
): number | null {
  const othersBytes = usedBytes(before, "others");
  const afterBytes = after === null ? null : usedBytes(after, "all");
  if (othersBytes === null || afterBytes === null) return null;
  const { gpuWeightsBytes, gpuContextBytes } = loaded.buffers;
  const overheadBytes = afterBytes - othersBytes - gpuWeightsBytes - gpuContextBytes - draftBytes(loaded);
  return overheadBytes < 0 ? null : overheadBytes;
}

function usedBytes({ memory }: GpuReport, by: "others" | "all"): number | null {
  if (memory === null || memory.kind === "software" || memory.source === "assumed") return null;
  return by === "others" ? memory.usedByOthersBytes : memory.totalBytes - memory.freeBytes;
}

const withOverhead = (
  { weightsBytes, kvBytes, computeBytes }: Pick<MemoryParts, "weightsBytes" | "kvBytes" | "computeBytes">,
  overheadBytes: number,
): MemoryParts => ({
  weightsBytes,
  kvBytes,
  computeBytes,
  overheadBytes,
  totalBytes: weightsBytes + kvBytes + computeBytes + overheadBytes,
});
