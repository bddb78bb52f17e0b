import { MIB } from "@/lib/units/bytes";
import type { GpuChoice } from "./fork-engine";

/**
 * Once glibc has freed a buffer of up to 32 MiB, it takes such buffers from its arenas, and an arena rarely returns memory to the system:
 * after fifty loads the engine held 352 MiB instead of 306. Buffers larger than this are returned to the system at once.
 * Decoding a token allocates nothing that large: node-llama-cpp keeps the list of candidates as long as its sampler.
 */
const MALLOC_MMAP_BYTES = MIB;
/** A fixed threshold also turns off glibc's own trim rule for arenas; without a limit here, small buffers would call the system each time. */
const MALLOC_TRIM_BYTES = 8 * MIB;
/** JavaScript allocates in one thread and llama.cpp in another; each further arena would keep its own unused gaps. */
const MALLOC_ARENAS = 2;

/**
 * Counts cards as nvidia-smi does. By default CUDA counts the fastest first, and "CUDA_VISIBLE_DEVICES=0" then meant another
 * card than the one that was read. An order set by the user is kept.
 */
export const CUDA_DEVICE_ORDER = "PCI_BUS_ID";

/**
 * The parts of our environment that the child may see. Everything else stays here, above all tokens (HF_TOKEN, HEADROOM_TOKEN):
 * the child renders chat templates of downloaded models. Windows ignores case in names, and writes "Path".
 */
const allowedNames: ReadonlySet<string> = new Set(
  [
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
    "ProgramFiles",
    "USERPROFILE",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "LP_NUM_THREADS",
  ].map(name => name.toUpperCase()),
);

/** Variables that people set for llama.cpp and its drivers (GGML_CUDA_ENABLE_UNIFIED_MEMORY, HIP_VISIBLE_DEVICES). No secret has such a name. */
const driverSettings = /^(?:GGML|CUDA|NVIDIA|VK|MESA|HIP|ROCR|HSA|ONEAPI|SYCL|ZES)_/i;
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
    // Decode steps must all run on one libuv worker: with the default of four, llama.cpp's threads spin against each
    // other and decoding takes one and a half times as long (engine.md, trap 1).
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
    if (value !== undefined && (allowedNames.has(name.toUpperCase()) || isDriverSetting(name)))
      environment[name] = value;
  return environment;
}
