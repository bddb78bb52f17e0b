import { MIB } from "@/lib/units/bytes";
import type { GpuChoice } from "./fork-engine";

/**
 * glibc takes buffers of up to 32 MiB from its arenas once one of them was freed, and an arena rarely gives memory back:
 * after fifty loads the engine held 352 MiB in place of 306. What is larger than this is given to the system at once.
 * A token allocates nothing so large: node-llama-cpp keeps the list of candidates as long as its sampler.
 */
const MALLOC_MMAP_BYTES = MIB;
/** A fixed threshold ends glibc's own rule for the free end of an arena; small buffers that come and go would ask the system each time. */
const MALLOC_TRIM_BYTES = 8 * MIB;
/** JavaScript allocates in one thread and llama.cpp in another; each arena more keeps holes of its own. */
const MALLOC_ARENAS = 2;

/**
 * As nvidia-smi counts cards. CUDA counts the fastest first unless it is told: "CUDA_VISIBLE_DEVICES=0" then meant another
 * card than the one that was read. Whoever sets the order keeps it.
 */
export const CUDA_DEVICE_ORDER = "PCI_BUS_ID";

/**
 * What the child may see of our environment. Everything else stays here, above all tokens (HF_TOKEN, HEADROOM_TOKEN):
 * chat templates of downloaded models are rendered in the child.
 */
const allowedNames: ReadonlySet<string> = new Set([
  "PATH",
  "HOME",
  "LANG",
  "LC_ALL",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SystemRoot",
  "windir",
  "APPDATA",
  "LOCALAPPDATA",
  "ProgramData",
  "NUMBER_OF_PROCESSORS",
  "PROCESSOR_ARCHITECTURE",
  "XDG_RUNTIME_DIR",
  "XDG_CACHE_HOME",
  "LD_LIBRARY_PATH",
  "DYLD_LIBRARY_PATH",
  "LP_NUM_THREADS",
]);

/** What people set for llama.cpp and the drivers below it (GGML_CUDA_ENABLE_UNIFIED_MEMORY, GGML_VK_..., HIP_VISIBLE_DEVICES). No secret is called so. */
const driverSettings = /^(?:GGML|CUDA|NVIDIA|VK|MESA|HIP|ROCR|HSA|ONEAPI|SYCL|ZES)_/;
export const isDriverSetting = (name: string): boolean => driverSettings.test(name);

export interface EngineRun {
  readonly gpu: GpuChoice;
  readonly build: "prebuilt" | "lastBuild";
  readonly generation: number;
}

/** The complete environment of one child. */
export function engineEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  run: EngineRun,
): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    NODE_ENV: "production",
    // Decode steps must all run on one libuv worker: with the default four, llama.cpp's threads spin against each
    // other and decoding takes half as long again (engine.md, trap 1).
    UV_THREADPOOL_SIZE: "1",
    // Other C libraries do not know these names.
    MALLOC_MMAP_THRESHOLD_: String(MALLOC_MMAP_BYTES),
    MALLOC_TRIM_THRESHOLD_: String(MALLOC_TRIM_BYTES),
    MALLOC_ARENA_MAX: String(MALLOC_ARENAS),
    CUDA_DEVICE_ORDER,
    HEADROOM_ENGINE_GPU: run.gpu,
    HEADROOM_ENGINE_BUILD: run.build,
    HEADROOM_ENGINE_GENERATION: String(run.generation),
  };
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && (allowedNames.has(name) || isDriverSetting(name))) environment[name] = value;
  return environment;
}
