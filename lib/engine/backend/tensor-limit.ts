import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { formatBytes, MIB } from "@/lib/units/bytes";
import { JobError } from "../job-error";

/** maxStorageBufferRange of Mesa's software device, which is also Vulkan's minimum. */
const SOFTWARE_DEVICE_BYTES = 128 * MIB;
/** The smallest value that drivers of real cards report (Intel's; AMD and NVIDIA report four times as much). */
const VULKAN_DEVICE_BYTES = 1024 * MIB;

const isSoftware = ({ devices }: Pick<EngineInfo, "devices">): boolean =>
  devices.some(name => /llvmpipe|lavapipe|swiftshader/i.test(name));

/**
 * The largest cache tensor of one layer that is certain to work. llama.cpp ends the process on a tensor that the device cannot hold,
 * even in a dry run. @see llama.cpp ggml/src/ggml-vulkan/ggml-vulkan.cpp tensor_size_supported
 */
export function largestTensorBytes(info: Pick<EngineInfo, "backend" | "devices">): number {
  if (info.backend !== "vulkan") return Number.POSITIVE_INFINITY;
  return isSoftware(info) ? SOFTWARE_DEVICE_BYTES : VULKAN_DEVICE_BYTES;
}

/** Refuses a configuration that would end the process. Checks only software devices, whose limit is known. */
export function checkTensor(
  info: EngineInfo,
  dryRun: { largestCacheTensorBytes(config: LoadConfig): number },
  config: LoadConfig,
): void {
  if (info.backend !== "vulkan" || !isSoftware(info) || config.gpuLayers === 0) return;
  const bytes = dryRun.largestCacheTensorBytes(config);
  if (bytes > SOFTWARE_DEVICE_BYTES)
    throw new JobError(
      "OUT_OF_MEMORY",
      `A software GPU holds at most ${formatBytes(SOFTWARE_DEVICE_BYTES)} of cache in one tensor; this context needs ${formatBytes(bytes)}.`,
    );
}
