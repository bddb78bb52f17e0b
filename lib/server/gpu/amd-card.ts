import type { GpuCard } from "./gpu-reader";
import type { KernelCard } from "./kernel-reader";
import type { SmallFiles } from "./small-files";

/** 8 TiB, 200 °C, 5 kW: more than any card has. Above that a file is not what it should be. */
const MAX_BYTES = 8 * 1024 ** 4;
const MAX_MILLIDEGREES = 200_000;
const MAX_MICROWATTS = 5_000_000_000;

async function memoryOf(device: SmallFiles): Promise<GpuCard["memory"]> {
  const totalBytes = await device.number("mem_info_vram_total", MAX_BYTES);
  const usedBytes = await device.number("mem_info_vram_used", MAX_BYTES);
  if (!totalBytes || usedBytes === null || usedBytes > totalBytes) return null;
  return { totalBytes, usedBytes, freeBytes: totalBytes - usedBytes };
}

/** The driver shows the northbridge's voltage only of a processor's own graphics, and a memory clock only of a card. */
async function isInProcessor(sensors: SmallFiles | null): Promise<boolean> {
  const names = (await sensors?.names()) ?? [];
  return names.includes("in1_input") && !names.includes("freq2_input");
}

/**
 * A card of the amdgpu driver.
 *
 * Graphics in a processor have a small reserved part of system memory as "VRAM", but programs get the rest as well: there
 * the backend's figures count.
 * @see Linux, Documentation/gpu/amdgpu/driver-misc.rst and thermal.rst, whose text is in drivers/gpu/drm/amd/pm/amdgpu_pm.c
 */
export async function amdCard({ base, device, sensors, isAsleep, address }: KernelCard): Promise<GpuCard> {
  const uniqueId = await device.text("unique_id");
  const inProcessor = await isInProcessor(sensors);
  const card: GpuCard = {
    ...base,
    // As ROCm writes it in ROCR_VISIBLE_DEVICES. Cards before Vega have no such number.
    uuid:
      uniqueId !== null && /^[0-9a-f]{16}$/i.test(uniqueId) ? `GPU-${uniqueId.toLowerCase()}` : (address ?? base.uuid),
    memory: inProcessor ? null : await memoryOf(device),
    takesSystemMemory: inProcessor,
  };
  if (isAsleep) return card;
  const millidegrees = (await sensors?.number("temp1_input", MAX_MILLIDEGREES)) ?? null;
  const microwatts =
    (await sensors?.number("power1_average", MAX_MICROWATTS)) ??
    (await sensors?.number("power1_input", MAX_MICROWATTS)) ??
    null;
  return {
    ...card,
    utilizationPercent: await device.number("gpu_busy_percent", 100),
    temperatureCelsius: millidegrees === null ? null : millidegrees / 1000,
    powerWatts: microwatts === null ? null : microwatts / 1_000_000,
  };
}
