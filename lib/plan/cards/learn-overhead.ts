import type { GpuBackend, Overhead } from "@/lib/schema/plans/gpu-memory";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { MIB } from "@/lib/units/bytes";

/**
 * What a backend is assumed to take outside llama.cpp's buffers until it is measured here: the upper end of published figures.
 * CUDA: context, kernels and cuBLAS workspace, 300 to 460 MiB. Vulkan and Metal have no BLAS workspace; their pipelines and
 * command pools stay well below half of that.
 */
export const CAUTIOUS_OVERHEAD_BYTES = {
  cuda: 460 * MIB,
  vulkan: 256 * MIB,
  metal: 192 * MIB,
  none: 0,
} as const satisfies Record<GpuBackend, number>;

/** Older loads say little about today's driver state; the store keeps them all. */
const NEWEST_SAMPLES = 50;
const PERCENTILE = 0.95;

export interface OverheadDevice {
  readonly device: string;
  readonly driverVersion: string | null;
  readonly backend: GpuBackend;
}

function measuredBytes(receipts: readonly Receipt[], of: OverheadDevice): number[] {
  return receipts
    .filter(
      receipt =>
        receipt.device === of.device &&
        receipt.driverVersion === of.driverVersion &&
        receipt.backend === of.backend &&
        receipt.config.gpuLayers > 0,
    )
    .toSorted((a, b) => b.atMs - a.atMs)
    .flatMap(receipt => (receipt.measuredOverheadBytes === null ? [] : [Math.max(0, receipt.measuredOverheadBytes)]))
    .slice(0, NEWEST_SAMPLES)
    .sort((a, b) => a - b);
}

/**
 * The overhead to plan with: the 95th percentile of what was measured on this device, driver and backend (the largest, below 20
 * samples), plus a safety margin that halves with every load. A measurement above the cautious start counts fully at once.
 */
export function learnOverhead(receipts: readonly Receipt[], of: OverheadDevice): Overhead {
  const cautious = CAUTIOUS_OVERHEAD_BYTES[of.backend];
  const samples = measuredBytes(receipts, of);
  const largest = samples.at(-1);
  const smallest = samples[0];
  const high = samples[Math.ceil(samples.length * PERCENTILE) - 1];
  if (largest === undefined || smallest === undefined || high === undefined)
    return { bytes: cautious, source: "cautious", samples: 0, spreadBytes: 0 };
  const caution = Math.max(0, cautious - high) / 2 ** samples.length;
  return {
    bytes: Math.ceil(high + caution),
    source: "learned",
    samples: samples.length,
    spreadBytes: largest - smallest,
  };
}
