import * as z from "zod";
import { complete } from "@/lib/engine/answer/complete";
import { startLlamaBackend } from "@/lib/engine/backend/llama-backend";
import { DryRunShelf } from "@/lib/engine/dry-runs/dry-run-shelf";
import { EngineLog } from "@/lib/engine/engine-log";
import type { LoadedModel } from "@/lib/engine/model/loaded-model";
import { ModelHolder } from "@/lib/engine/model/model-holder";
import { type GenerationStats, generationStatsSchema } from "@/lib/schema/generation";
import { loadConfigSchema } from "@/lib/schema/plans/load-config";
import { greedyUpTo } from "@/lib/server/loading/measure-speed";
import { countedSeconds } from "./others-cores";

const EMPTY_PROMPT_TOKENS = 48;
const EMPTY_GENERATED_TOKENS = 48;
const FULL_GENERATED_TOKENS = 32;
const PREFILL_TOKENS = 512;
/** Other programs may use this much of one core while a figure is measured. */
const QUIET_CORES = 0.4;

/** Of the generated vocabulary: an answer that is half a character without end has no text, and so no speed. */
const NO_BYTES = Array.from({ length: 256 }, (_, byte) => ({ token: 4 + byte, bias: null }));

export const measureRequestSchema = z.object({ config: loadConfigSchema, fullTokens: z.int() });
export type MeasureRequest = z.infer<typeof measureRequestSchema>;

const figureSchema = z.object({ stats: generationStatsSchema, othersCores: z.number() });
type Figure = z.infer<typeof figureSchema>;

export const measuredModelSchema = z.object({
  /** Decode with a nearly empty context, and with a full one. */
  empty: figureSchema,
  full: figureSchema,
  /** Prefill of a prompt of 512 tokens, and of the prompt that fills the context. */
  prefill: figureSchema,
  longPrefill: figureSchema,
});
export type MeasuredModel = z.infer<typeof measuredModelSchema>;

/**
 * In a process of its own: loads one model as the engine does, measures it and sends the figures. The engine's own process would leave
 * cores to other programs, and the figures would say how busy the computer was.
 */
export async function serveMeasurement(request: MeasureRequest): Promise<void> {
  process.on("disconnect", () => process.exit(1));
  const backend = await startLlamaBackend({ gpu: "off", build: "prebuilt", log: new EngineLog() });
  const shelf = new DryRunShelf(backend);
  const holder = new ModelHolder(backend, modelPath => shelf.take(modelPath));
  await holder.load(request.config, { signal: new AbortController().signal, onProgress: () => {} });
  if (holder.loaded === null) throw new Error("The model is not loaded.");
  const measured = await measure(holder.loaded, request.fullTokens);
  process.send?.(measured, () => process.exit(0));
}

async function measure(loaded: LoadedModel, fullTokens: number): Promise<MeasuredModel> {
  const answer = async (prompt: string, maxTokens: number): Promise<Figure> => {
    const before = countedSeconds();
    const signal = new AbortController().signal;
    const listener = { onPrefill: () => {}, onText: () => {}, onCall: () => {}, onPrompt: () => {} };
    const sampling = { ...greedyUpTo(maxTokens), logitBias: NO_BYTES };
    const { stats } = await complete(loaded, { prompt, sampling }, listener, signal);
    return { stats, othersCores: countedSeconds().othersCoresSince(before) };
  };
  // The first answer reads the file and starts the threads.
  await answer(digits(9, 16), 4);
  const decode = (stats: GenerationStats) => stats.tokensPerSecond;
  const prefill = (stats: GenerationStats) => stats.prefillTokensPerSecond;
  const longPrompt = digits(8, fullTokens - FULL_GENERATED_TOKENS);
  return {
    empty: await best(decode, 3, turn => answer(digits(turn, EMPTY_PROMPT_TOKENS), EMPTY_GENERATED_TOKENS)),
    prefill: await best(prefill, 2, turn => answer(digits(turn, PREFILL_TOKENS), 2)),
    longPrefill: await answer(longPrompt, 2),
    // The prompt is in the cache now.
    full: await best(decode, 3, () => answer(longPrompt, FULL_GENERATED_TOKENS)),
  };
}

const MOST_ATTEMPTS = 6;

/** Other work on the computer only ever makes a figure worse, so the best of several counts, and more are made while it is busy. */
async function best(
  rateOf: (stats: GenerationStats) => number,
  enough: number,
  run: (turn: number) => Promise<Figure>,
): Promise<Figure> {
  let most: Figure | null = null;
  let quiet = 0;
  for (let turn = 0; turn < MOST_ATTEMPTS && quiet < enough; turn++) {
    const figure = await run(turn);
    if (figure.othersCores < QUIET_CORES) quiet += 1;
    if (most === null || rateOf(figure.stats) > rateOf(most.stats)) most = figure;
  }
  if (most === null) throw new Error("Nothing was measured.");
  return most;
}

/** In the generated vocabulary each digit is a token. Prompts of two turns differ in the first one, so none is cached for another. */
const digits = (turn: number, tokens: number): string =>
  Array.from({ length: tokens }, (_, index) => (index * 7 + turn) % 10).join("");
