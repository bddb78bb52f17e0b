import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { GpuCard } from "@/lib/server/gpu/gpu-reader";
import { MIB } from "@/lib/units/bytes";

export const engineInfo = (change: Partial<EngineInfo> = {}): EngineInfo => ({
  backend: "cuda",
  gpuUsable: true,
  devices: ["Quadro P4000"],
  llamaCppRelease: "v0",
  nodeLlamaCppVersion: "3",
  buildType: "prebuilt",
  mathCores: 4,
  gpuProblem: null,
  placement: { kind: "missing", reason: "There is no placement addon for this computer." },
  ...change,
});

interface CardWords {
  readonly uuid: string;
  /** Its number on the bus. */
  readonly bus: number;
  readonly name: string;
  readonly totalMib: number;
  readonly usedMib?: number;
}

export const gpuCard = ({ uuid, bus, name, totalMib, usedMib = 0 }: CardWords): GpuCard => ({
  vendor: "nvidia",
  uuid,
  pciAddress: `0000:0${bus}:00.0`,
  name,
  driverVersion: "550.54.14",
  memory: { totalBytes: totalMib * MIB, usedBytes: usedMib * MIB, freeBytes: (totalMib - usedMib) * MIB },
  takesSystemMemory: false,
  utilizationPercent: 0,
  temperatureCelsius: 30,
  powerWatts: 10,
});
