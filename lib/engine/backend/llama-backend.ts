import { availableParallelism } from "node:os";
import { getLlama, getModuleVersion, type Llama, LlamaLogLevel } from "node-llama-cpp";
import type { Vram } from "@/lib/schema/engine-commands";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import { errorReason } from "@/lib/schema/error-reason";
import type { PlacementLever } from "@/lib/schema/plans/placement";
import type { EngineLog, EngineLogLevel } from "../engine-log";
import { openPlacementAddon, placementAddonPlace } from "./placement-addon";
import { Placer } from "./placer";

export interface BackendOptions {
  readonly gpu: "auto" | "cuda" | "vulkan" | "metal" | "off";
  readonly build: "prebuilt" | "lastBuild";
  readonly log: EngineLog;
  /** Called if placements turn out not to work. */
  readonly onPlacement?: (lever: PlacementLever) => void;
}

/** The only llama.cpp instance of this process, with its backend and devices. */
export interface LlamaBackend {
  readonly llama: Llama;
  readonly info: EngineInfo;
  readonly log: EngineLog;
  /** Every model and context is made by it, so that each one gets its own placement. */
  readonly placer: Placer;
}

const levels: Partial<Record<LlamaLogLevel, EngineLogLevel>> = {
  [LlamaLogLevel.fatal]: "error",
  [LlamaLogLevel.error]: "error",
  [LlamaLogLevel.warn]: "warn",
  [LlamaLogLevel.info]: "info",
};

/**
 * Starts llama.cpp. Call it only once per process: a second instance breaks its logging and accounting (engine.md, trap 2).
 * An unusable GPU is not an error: then `info.gpuUsable` is false and `info.gpuProblem` says why.
 */
export async function startLlamaBackend(options: BackendOptions): Promise<LlamaBackend> {
  const { log } = options;
  const mark = log.mark();
  // The addon must be opened first (placement.c says why).
  const placer = new Placer(openPlacementAddon(placementAddonPlace(options.build)), options.onPlacement);
  const llama = await startLlama(options);
  const { total } = await llama.getVramState();
  // "auto" may answer "vulkan" on a computer without any device (engine.md, trap 3).
  const gpuUsable = options.gpu !== "off" && llama.gpu !== false && llama.supportsGpuOffloading && total > 0;
  const info: EngineInfo = {
    backend: gpuUsable ? llama.gpu : "none",
    gpuUsable,
    devices: gpuUsable ? await llama.getGpuDeviceNames() : [],
    ...(gpuUsable && { deviceTotalBytes: total }),
    llamaCppRelease: llama.llamaCppRelease.release,
    nodeLlamaCppVersion: await getModuleVersion(),
    buildType: llama.buildType,
    mathCores: llama.cpuMathCores,
    gpuProblem: gpuUsable || options.gpu === "off" ? null : gpuProblem(options, llama, log, mark),
    placement: placer.start(gpuUsable),
  };
  return { llama, info, log, placer };
}

async function startLlama({ gpu, build, log }: BackendOptions): Promise<Llama> {
  const common = {
    logLevel: LlamaLogLevel.info,
    logger: (level: LlamaLogLevel, text: string) => log.write(levels[level] ?? "debug", text),
    // Without this limit a CPU build would use at least four threads (trap 1).
    maxThreads: availableParallelism(),
    // Headroom's planner already keeps a margin. A second one would only hide memory from it.
    vramPadding: 0,
    ramPadding: 0,
  } as const;
  if (build === "lastBuild") return getLlama("lastBuild", common);
  const prebuilt = { ...common, build: "never", skipDownload: true } as const;
  if (gpu === "off") return getLlama({ ...prebuilt, gpu: false });
  try {
    return await getLlama({ ...prebuilt, gpu });
  } catch (error) {
    log.write("warn", `No usable ${gpu} build of llama.cpp: ${errorReason(error)}`);
    return getLlama({ ...prebuilt, gpu: false });
  }
}

/** The backend's own message if there is one. */
function gpuProblem({ gpu }: BackendOptions, llama: Llama, log: EngineLog, mark: number): string {
  const said = log
    .since(mark)
    .filter(line => line.level === "error" || line.level === "warn")
    .map(line => line.text);
  if (said.length > 0) return said.slice(-3).join(" | ");
  if (llama.gpu !== false) return `The ${llama.gpu} backend started but found no device.`;
  return gpu === "auto" ? "No backend for a GPU could be started." : `The ${gpu} backend could not be started.`;
}

/** The device's memory as the backend counts it; null without a GPU. */
export async function readVram({ llama, info }: LlamaBackend): Promise<Vram | null> {
  if (!info.gpuUsable) return null;
  const { total, used, free, unifiedSize } = await llama.getVramState();
  return { totalBytes: total, usedBytes: used, freeBytes: free, unifiedBytes: unifiedSize };
}
