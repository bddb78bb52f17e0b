import type { MeasuredSpeed } from "@/lib/schema/benchmark";
import type { Sampling } from "@/lib/schema/engine-commands";
import type { GenerationStats } from "@/lib/schema/generation";
import { greedySampling } from "@/lib/schema/settings/sampling";
import { EngineError } from "@/lib/server/engine/engine-errors";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { median } from "@/lib/units/median";

export type SpeedEngine = Pick<EngineSupervisor, "complete">;

export interface SpeedSizes {
  readonly promptTokens: number;
  readonly generatedTokens: number;
  readonly repeats: number;
  /** If all repeats would take longer than this, there are fewer and smaller ones. */
  readonly limitMs: number;
}

/** Below these a figure is mostly start-up cost. A slow device still gets a repeat of this size. */
const LEAST_PROMPT_TOKENS = 16;
const LEAST_GENERATED_TOKENS = 4;
const PROBE = { characters: 80, generatedTokens: 4 } as const;

/**
 * Prefill and decode speed of the loaded model, as medians over the repeats. A first short completion is discarded: it pays
 * for reading the file and for compiling the backend's kernels. A second one shows how many repeats there is time for.
 *
 * @throws EngineError, and the signal's reason when it fires
 */
export async function measureSpeed(engine: SpeedEngine, full: SpeedSizes, signal: AbortSignal): Promise<MeasuredSpeed> {
  await statsOf(engine, countingPrompt(0, PROBE.characters), PROBE.generatedTokens, signal);
  const probePrompt = countingPrompt(1, PROBE.characters);
  const probe = await statsOf(engine, probePrompt, PROBE.generatedTokens, signal);
  const sizes = sizesFor(full, probe);
  const characters = (sizes.promptTokens * probePrompt.length) / probe.promptTokens;
  const repeats: GenerationStats[] = [];
  for (let repeat = 0; repeat < sizes.repeats; repeat++) {
    repeats.push(await statsOf(engine, countingPrompt(repeat + 2, characters), sizes.generatedTokens, signal));
  }
  return summarize(repeats);
}

/** As many repeats as there is time for; if there is not even time for one, a smaller one. */
export function sizesFor(full: SpeedSizes, probe: GenerationStats): Omit<SpeedSizes, "limitMs"> {
  const prefillMs = (full.promptTokens / Math.max(probe.prefillTokensPerSecond, 0.1)) * 1000;
  const decodeMs = (full.generatedTokens / Math.max(probe.tokensPerSecond, 0.1)) * 1000;
  const affordable = full.limitMs / (prefillMs + decodeMs);
  if (affordable >= 1) return { ...full, repeats: Math.min(full.repeats, Math.floor(affordable)) };
  return {
    promptTokens: Math.max(LEAST_PROMPT_TOKENS, Math.floor(full.promptTokens * affordable)),
    generatedTokens: Math.max(LEAST_GENERATED_TOKENS, Math.floor(full.generatedTokens * affordable)),
    repeats: 1,
  };
}

/**
 * Every language model can count without end, so it decodes as many tokens as requested. Each turn
 * starts at another number, so none of it is in the prefix cache.
 */
export function countingPrompt(turn: number, characters: number): string {
  const first = 1000 * ((turn % 9) + 1);
  const numbers = Array.from({ length: Math.round(characters / "1000, ".length) }, (_, index) => first + index);
  return `${numbers.join(", ")}, `;
}

export const greedyUpTo = (maxTokens: number): Sampling => ({
  ...greedySampling,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 0,
  maxTokens,
});

async function statsOf(
  engine: SpeedEngine,
  prompt: string,
  maxTokens: number,
  signal: AbortSignal,
): Promise<GenerationStats> {
  signal.throwIfAborted();
  for await (const message of engine.complete({ prompt, sampling: greedyUpTo(maxTokens) }, signal)) {
    if (message.type !== "finished") continue;
    signal.throwIfAborted();
    if (message.stats.tokensPerSecond > 0) return message.stats;
    throw new EngineError("ENGINE_FAILED", "The model ended its answer at once: there was nothing to measure.");
  }
  throw new EngineError("ENGINE_FAILED", "The engine ended an answer without saying how long it took.");
}

function summarize(repeats: readonly GenerationStats[]): MeasuredSpeed {
  const decode = repeats.map(stats => stats.tokensPerSecond);
  const decodeTokensPerSecond = median(decode) ?? 0;
  const middle = (pick: (stats: GenerationStats) => number) => median(repeats.map(pick)) ?? 0;
  return {
    promptTokens: Math.round(middle(stats => stats.promptTokens)),
    generatedTokens: Math.round(middle(stats => stats.generatedTokens)),
    repeats: repeats.length,
    prefillTokensPerSecond: middle(stats => stats.prefillTokensPerSecond),
    decodeTokensPerSecond,
    decodeSpread: (Math.max(...decode) - Math.min(...decode)) / decodeTokensPerSecond,
  };
}
