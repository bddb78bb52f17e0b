import type { GenerationStats } from "@/lib/schema/generation";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed, SpeedEvidence, SpeedParts } from "@/lib/schema/plans/plan-speed";
import type { MeasuredRate, Receipt, ReceiptSpeed } from "@/lib/schema/plans/receipt";
import { middleOf, NEARLY_EMPTY_TOKENS, predictSpeed } from "./predict-speed";
import { decodeParts, PREFILL_TOKENS, prefillParts, secondsOf } from "./speed-parts";

/** Shorter answers and prompts are mostly start-up cost. */
const TIMED_ANSWER_TOKENS = 16;
const TIMED_PROMPT_TOKENS = 128;
/** A later answer of the same load counts where it is this much faster: other programs only ever make one slower. */
const CLEARLY_FASTER = 1.03;

/** The speed's part of a new receipt, before anything was answered. */
export function plannedSpeed(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  config: LoadConfig,
  machine: MachineSpeed,
): ReceiptSpeed {
  const walk = (tokens: number) => ({ surface, gpu, plan: config, machine, tokens });
  return {
    predicted: predictSpeed(surface, gpu, config, machine),
    parts: {
      empty: decodeParts(walk(emptyTokens(config))),
      full: decodeParts(walk(config.contextTokens)),
      prompt: prefillParts(walk(promptTokens(config))),
      longPrompt: prefillParts(walk(config.contextTokens / 2)),
    },
    decode: null,
    prefill: null,
  };
}

const emptyTokens = ({ contextTokens }: LoadConfig): number => Math.min(NEARLY_EMPTY_TOKENS, contextTokens);
/** A prompt of 512 tokens has on average 256 before each. */
const promptTokens = ({ contextTokens }: LoadConfig): number => Math.min(PREFILL_TOKENS, contextTokens) / 2;

type SpeedReceipt = Pick<Receipt, "config" | "speed">;

/** Takes the figures of an answer into a receipt; null if they say nothing new. */
export function withAnswer<Known extends SpeedReceipt>(receipt: Known, stats: GenerationStats): Known | null {
  const { speed } = receipt;
  if (speed === undefined) return null;
  const computedTokens = stats.promptTokens - stats.cachedTokens;
  const decode: MeasuredRate | null =
    stats.generatedTokens >= TIMED_ANSWER_TOKENS && stats.tokensPerSecond > 0
      ? { tokensPerSecond: stats.tokensPerSecond, contextTokens: stats.promptTokens + stats.generatedTokens / 2 }
      : null;
  const prefill: MeasuredRate | null =
    computedTokens >= TIMED_PROMPT_TOKENS && stats.prefillTokensPerSecond > 0
      ? { tokensPerSecond: stats.prefillTokensPerSecond, contextTokens: stats.cachedTokens + computedTokens / 2 }
      : null;
  const measured = {
    decode: better(receipt, "decode", speed.decode, decode),
    prefill: better(receipt, "prefill", speed.prefill, prefill),
  };
  if (measured.decode === speed.decode && measured.prefill === speed.prefill) return null;
  return { ...receipt, speed: { ...speed, ...measured } };
}

type Phase = "decode" | "prefill";

/** The answer that was faster for its place in the context. */
function better(receipt: SpeedReceipt, phase: Phase, known: MeasuredRate | null, next: MeasuredRate | null) {
  if (next === null || known === null) return next ?? known;
  const ratio = (rate: MeasuredRate) => rate.tokensPerSecond * (secondsAt(receipt, phase, rate.contextTokens) ?? 1);
  return ratio(next) > ratio(known) * CLEARLY_FASTER ? next : known;
}

function partsAt({ config, speed }: SpeedReceipt, phase: Phase, tokens: number): SpeedParts | null {
  if (speed === undefined) return null;
  const { empty, full, prompt, longPrompt } = speed.parts;
  return phase === "decode"
    ? between(empty, full, emptyTokens(config), config.contextTokens, tokens)
    : between(prompt, longPrompt, promptTokens(config), config.contextTokens / 2, tokens);
}

function secondsAt(receipt: SpeedReceipt, phase: Phase, tokens: number): number | null {
  const parts = partsAt(receipt, phase, tokens);
  return parts && secondsOf(parts);
}

/** The time of a part is linear in the tokens of the context. */
function between(few: SpeedParts, many: SpeedParts, fewTokens: number, manyTokens: number, tokens: number): SpeedParts {
  const share = manyTokens > fewTokens ? (tokens - fewTokens) / (manyTokens - fewTokens) : 0;
  const paths = new Set([...Object.keys(few), ...Object.keys(many)]);
  return Object.fromEntries(
    [...paths].map(path => {
      const [least, most] = [few[path] ?? 0, many[path] ?? 0];
      return [path, Math.max(0, least + (most - least) * share)];
    }),
  );
}

/** What this load says about predictions; null if it was not measured. */
export function evidenceOf(receipt: SpeedReceipt, phase: Phase): SpeedEvidence | null {
  const measured = receipt.speed?.[phase];
  const parts = measured && partsAt(receipt, phase, measured.contextTokens);
  return parts ? { parts, ratio: measured.tokensPerSecond * secondsOf(parts) } : null;
}

/** What was predicted for the place in the context where the load was measured: between the empty and the full context, in time. */
export function predictedRate(receipt: SpeedReceipt, phase: Phase): number | null {
  const { speed } = receipt;
  if (speed === undefined) return null;
  const { decodeEmpty, decodeFull, prefill } = speed.predicted;
  const emptyRate = middleOf(phase === "decode" ? decodeEmpty : prefill);
  const measured = speed[phase];
  if (measured === null) return emptyRate;
  const first = secondsAt(
    receipt,
    phase,
    phase === "decode" ? emptyTokens(receipt.config) : promptTokens(receipt.config),
  );
  const here = secondsAt(receipt, phase, measured.contextTokens);
  if (first === null || here === null) return emptyRate;
  if (phase === "prefill") return (emptyRate * first) / here;
  const last = secondsAt(receipt, phase, receipt.config.contextTokens) ?? first;
  const share = last > first ? (here - first) / (last - first) : 0;
  return 1 / (1 / emptyRate + (1 / middleOf(decodeFull) - 1 / emptyRate) * share);
}
