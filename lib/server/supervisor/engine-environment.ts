import type { GpuChoice } from "./fork-engine";

/**
 * What the child may see of our environment. Everything else stays here, above all tokens (HF_TOKEN, HEADROOM_TOKEN):
 * chat templates of downloaded models are rendered in the child.
 */
const allowedNames = [
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
  "CUDA_PATH",
  "CUDA_HOME",
  "CUDA_VISIBLE_DEVICES",
  "CUDA_DEVICE_ORDER",
  "NVIDIA_VISIBLE_DEVICES",
  "NVIDIA_DRIVER_CAPABILITIES",
  "GGML_VK_VISIBLE_DEVICES",
  "VK_ICD_FILENAMES",
  "VK_DRIVER_FILES",
  "VK_LOADER_DRIVERS_SELECT",
  "LP_NUM_THREADS",
] as const;

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
    HEADROOM_ENGINE_GPU: run.gpu,
    HEADROOM_ENGINE_BUILD: run.build,
    HEADROOM_ENGINE_GENERATION: String(run.generation),
  };
  for (const name of allowedNames) {
    const value = env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
