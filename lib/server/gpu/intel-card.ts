import type { GpuCard } from "./gpu-reader";
import type { KernelCard } from "./kernel-reader";
import type { SmallFiles } from "./small-files";

const MAX_BYTES = 8 * 1024 ** 4;
const MAX_MILLIDEGREES = 200_000;
const MAX_MICROJOULES = Number.MAX_SAFE_INTEGER;
const MAX_WATTS = 5_000;
/** Two readings further apart give an average of another time. */
const MAX_APART_MS = 10_000;

/** Bus 0 is the processor's own; a card is behind a bridge. */
const isInProcessor = (address: string | null): boolean => address?.split(":")[1] === "00";

/**
 * Intel's own kernels for servers tell both sizes. The common i915 and xe tell at most the total, and half a reading
 * cannot be planned with: there the backend's figures count.
 */
async function memoryOf(drm: SmallFiles): Promise<GpuCard["memory"]> {
  const totalBytes = await drm.number("lmem_total_bytes", MAX_BYTES);
  const freeBytes = await drm.number("lmem_avail_bytes", MAX_BYTES);
  if (!totalBytes || freeBytes === null || freeBytes > totalBytes) return null;
  return { totalBytes, usedBytes: totalBytes - freeBytes, freeBytes };
}

/** xe shows the package as its second temperature and has no first; i915 shows one. */
async function celsius(sensors: SmallFiles | null): Promise<number | null> {
  const millidegrees =
    (await sensors?.number("temp1_input", MAX_MILLIDEGREES)) ??
    (await sensors?.number("temp2_input", MAX_MILLIDEGREES)) ??
    null;
  return millidegrees === null ? null : millidegrees / 1000;
}

interface EnergyAt {
  readonly microjoules: number;
  readonly atMs: number;
}

/** The driver counts energy; power is what was added between two readings. null if they cannot be compared. */
export function wattsBetween(before: EnergyAt | undefined, now: EnergyAt): number | null {
  if (before === undefined) return null;
  const [microjoules, elapsedMs] = [now.microjoules - before.microjoules, now.atMs - before.atMs];
  // Less than before: the counter started over.
  if (microjoules < 0 || elapsedMs <= 0 || elapsedMs > MAX_APART_MS) return null;
  const watts = microjoules / 1000 / elapsedMs;
  return watts <= MAX_WATTS ? watts : null;
}

/**
 * Cards of the i915 and xe drivers. Neither shows how busy a card is.
 * @see Linux, Documentation/ABI/testing/sysfs-driver-intel-xe-hwmon and sysfs-driver-intel-i915-hwmon
 */
export function intelCards(): (card: KernelCard) => Promise<GpuCard> {
  const energies = new Map<string, EnergyAt>();

  const watts = async ({ sensors, base, atMs }: KernelCard): Promise<number | null> => {
    // The whole card; on some platforms only its package is counted.
    const microjoules =
      (await sensors?.number("energy1_input", MAX_MICROJOULES)) ??
      (await sensors?.number("energy2_input", MAX_MICROJOULES)) ??
      null;
    if (microjoules === null) return null;
    const before = energies.get(base.uuid);
    const now = { microjoules, atMs };
    energies.set(base.uuid, now);
    return wattsBetween(before, now);
  };

  return async card => {
    const { base, drm, sensors, isAsleep, address } = card;
    const inProcessor = isInProcessor(address);
    return {
      ...base,
      memory: inProcessor ? null : await memoryOf(drm),
      takesSystemMemory: inProcessor,
      temperatureCelsius: isAsleep ? null : await celsius(sensors),
      powerWatts: isAsleep ? null : await watts(card),
    };
  };
}
