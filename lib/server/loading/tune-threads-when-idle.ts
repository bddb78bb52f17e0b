import { stat } from "node:fs/promises";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { ThreadSpeed } from "@/lib/schema/settings/thread-choice";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { measureSpeed, type SpeedSizes } from "./measure-speed";
import type { ModelHost } from "./model-host";
import type { ThreadTuner } from "./thread-tuner";
import { type WhenIdleOptions, whenIdle } from "./when-idle";

const SIZES: SpeedSizes = { promptTokens: 128, generatedTokens: 32, repeats: 2, limitMs: 6000 };

export interface TuneThreadsOptions extends WhenIdleOptions {
  readonly engine: Pick<EngineSupervisor, "snapshot" | "subscribe" | "load" | "complete">;
  readonly host: Pick<ModelHost, "borrow">;
  readonly tuner: Pick<ThreadTuner, "candidates" | "remember">;
  /** Whether THREADS is "auto": a fixed number is the user's choice. */
  isAuto(): boolean;
  readonly fileBytesOf?: (path: string) => Promise<number>;
}

/**
 * Measures how many threads suit the loaded model, once for its size on this machine, when the engine has been idle for a
 * while. Anyone who asks for the engine meanwhile gets it at once.
 *
 * @returns a function that stops watching
 */
export function tuneThreadsWhenIdle(options: TuneThreadsOptions): () => void {
  return whenIdle(options, "threads", nowMs => measureThreads(options, nowMs));
}

/** @throws EngineError BUSY when somebody uses the engine, the signal's reason when somebody wants it meanwhile */
async function measureThreads(options: TuneThreadsOptions, nowMs: number): Promise<void> {
  const { config, info, totalLayers } = options.engine.snapshot();
  // With every layer on the GPU the threads hardly compute.
  if (config === null || !options.isAuto() || config.gpuLayers === totalLayers) return;
  const fileBytes = await (options.fileBytesOf ?? sizeOf)(config.modelPath);
  const candidates = options.tuner.candidates(fileBytes, info?.mathCores ?? 0);
  if (candidates.length < 2) return;
  await options.host.borrow(async recall => {
    const speeds: ThreadSpeed[] = [];
    for (const threads of candidates) speeds.push(await speedWith(threads, config, options.engine, recall));
    await options.tuner.remember(fileBytes, speeds, nowMs);
  });
}

async function speedWith(
  threads: number,
  config: LoadConfig,
  engine: TuneThreadsOptions["engine"],
  recall: AbortSignal,
): Promise<ThreadSpeed> {
  await engine.load({ ...config, threads }, { signal: recall });
  const { prefillTokensPerSecond, decodeTokensPerSecond } = await measureSpeed(engine, SIZES, recall);
  return { threads, prefillTokensPerSecond, decodeTokensPerSecond };
}

const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;
