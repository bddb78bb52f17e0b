import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed, PlanSpeed, SpeedEvidence, SpeedParts, SpeedRange } from "@/lib/schema/plans/plan-speed";
import { cardFigures } from "./card-figures";
import { type LearnedSpeed, learnSpeed, type SpeedSpread } from "./learn-speed";
import { CPU, decodeParts, isKnownCard, type PlacedPlan, PREFILL_TOKENS, prefillParts, secondsOf } from "./speed-parts";

export type { PlacedPlan } from "./speed-parts";

/** Answers begin with about this much in the context. */
export const NEARLY_EMPTY_TOKENS = 256;

/** Four of five values of a normal distribution lie within this many standard deviations. */
const DEVIATIONS = 1.28;
/** From here on, past loads say most of what can be known. */
const MEASURED_SHARE = 0.6;

interface DeviceSpread {
  /** Of a card whose figures are in the table, and of one that is guessed. */
  readonly known: number;
  readonly guessed: number;
  readonly cpu: number;
}

function spreadOf({ known, guessed, cpu }: DeviceSpread, levels: readonly number[], noise: number): SpeedSpread {
  const found = new Map([[CPU, cpu]]);
  const device = (name: string): number => {
    const spread = found.get(name) ?? (cardFigures(name) === null ? guessed : known);
    found.set(name, spread);
    return spread;
  };
  return { device, levels, noise };
}

/** For the processor: the medians of two days on one computer differed by 16 %, because its memory was measured differently. */
const DECODE = spreadOf({ known: 0.25, guessed: 0.5, cpu: 0.26 }, [0.1, 0.1, 0.1, 0.08], 0.04);
/**
 * The processor's arithmetic is not measured before the first load: where its kind is not known either, it may be 1.7 times as fast or slow
 * as the guess. Tables of a card's arithmetic say less than those of its bandwidth.
 */
const PREFILL = spreadOf({ known: 0.4, guessed: 0.7, cpu: 0.45 }, [0.1, 0.15, 0.2, 0.08], 0.06);

/**
 * How fast this plan would answer. The seconds that a token takes are the bytes read on each device divided by its bandwidth, the
 * attention's arithmetic on the CPU, and a fixed cost for each block, each change of device and each token; a prompt's are operations
 * divided by what the device computes. Past loads correct both, those of similar models most, and narrow the range.
 */
export function predictSpeed(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  plan: PlacedPlan,
  machine: MachineSpeed,
): PlanSpeed {
  const walk = (tokens: number) => ({ surface, gpu, plan, machine, tokens });
  const empty = speedOf(decodeParts(walk(Math.min(NEARLY_EMPTY_TOKENS, plan.contextTokens))), machine.decode, DECODE);
  const full = speedOf(decodeParts(walk(plan.contextTokens)), machine.decode, DECODE);
  const prompt = Math.min(PREFILL_TOKENS, plan.contextTokens) / 2;
  const prefill = speedOf(prefillParts(walk(prompt)), machine.prefill, PREFILL);
  const isGuess = plan.gpuLayers > 0 && gpu !== null && !isKnownCard(gpu);
  return {
    decodeEmpty: empty.range,
    decodeFull: full.range,
    prefill: prefill.range,
    basis: empty.learned.knownShare >= MEASURED_SHARE ? "measured" : isGuess ? "guessed" : "known",
  };
}

/** Only `decodeEmpty` of it, for comparing plans while a slider moves. */
export function predictDecode(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  plan: PlacedPlan,
  machine: MachineSpeed,
): SpeedRange {
  const tokens = Math.min(NEARLY_EMPTY_TOKENS, plan.contextTokens);
  return speedOf(decodeParts({ surface, gpu, plan, machine, tokens }), machine.decode, DECODE).range;
}

function speedOf(
  parts: SpeedParts,
  evidence: readonly SpeedEvidence[],
  spread: SpeedSpread,
): { readonly range: SpeedRange; readonly learned: LearnedSpeed } {
  const learned = learnSpeed(parts, evidence, spread);
  const middle = learned.factor / secondsOf(parts);
  const width = Math.exp(DEVIATIONS * learned.spread);
  return { range: { low: middle / width, high: middle * width }, learned };
}

/** The middle of a prediction, which measurements are compared with. */
export const middleOf = ({ low, high }: SpeedRange): number => Math.sqrt(low * high);
