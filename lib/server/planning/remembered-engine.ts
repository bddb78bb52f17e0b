import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { SOFTWARE_DEVICE } from "@/lib/server/gpu/found-device";
import type { ProbedEngine } from "@/lib/server/gpu/gpu-probe";
import type { DeviceMemo } from "./device-memo";

/**
 * The engine as the GPU probe sees it. The memo answers what does not change: which device there is, and how much memory a software
 * device has. Everything else starts the engine.
 */
export function rememberedEngine(engine: EngineSupervisor, memo: DeviceMemo): ProbedEngine {
  const known = memo.read();
  if (known === null) return engine;
  const isSoftware = known.info.devices.some(device => SOFTWARE_DEVICE.test(device));
  const hasStarted = (): boolean => engine.snapshot().info !== null;
  return {
    get pid() {
      return engine.pid;
    },
    snapshot: () => (hasStarted() ? engine.snapshot() : { ...engine.snapshot(), state: "ready", info: known.info }),
    start: () => engine.start(),
    vram: async () => (isSoftware && !hasStarted() ? known.vram : engine.vram()),
  };
}

/** Saves what a started engine found. If saving fails, it only costs time. */
export async function rememberDevice(engine: EngineSupervisor, memo: DeviceMemo): Promise<void> {
  const { info } = engine.snapshot();
  if (info === null) return;
  try {
    memo.write({ info, vram: info.gpuUsable ? await engine.vram() : null });
  } catch {
    // The data folder is read-only or full: the engine is asked again next time.
  }
}
