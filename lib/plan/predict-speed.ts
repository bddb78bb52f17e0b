import type { GpuMemory } from "@/lib/schema/gpu-memory";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import type { MachineSpeed, PlanSpeed, SpeedEvidence, SpeedParts, SpeedRange } from "@/lib/schema/plan-speed";
import { type LearnedSpeed, learnSpeed, type SpeedSpread } from "./learn-speed";
import {
  CPU,
  decodeParts,
  gpuName,
  isKnownCard,
  type PlacedPlan,
  PREFILL_TOKENS,
  prefillParts,
  secondsOf,
} from "./speed-parts";

export type { PlacedPlan } from "./speed-parts";

/** Answers begin with about this much in the context. */
export const NEARLY_EMPTY_TOKENS = 256;

/** Four of five values of a normal distribution lie within so many standard deviations. */
const DEVIATIONS = 1.28;
/** From here on, past loads say most of what can be known. */
const MEASURED_SHARE = 0.6;

/** How far off a device's figures may be: those of a table, of a guess, and of the measured system memory. */
const DECODE = { known: 0.25, guessed: 0.5, cpu: 0.18, levels: [0.1, 0.1, 0.1, 0.08], noise: 0.04 } as const;
/** The processor's arithmetic is not measured before the first load, and tables of a card's arithmetic say less than those of its bandwidth. */
const PREFILL = { known: 0.4, guessed: 0.7, cpu: 0.6, levels: [0.1, 0.15, 0.2, 0.08], noise: 0.06 } as const;

function spreadOf(
  gpu: GpuMemory | null,
  { known, guessed, cpu, levels, noise }: typeof DECODE | typeof PREFILL,
): SpeedSpread {
  const ofGpu = gpu !== null && isKnownCard(gpu) ? known : guessed;
  const name = gpu && gpuName(gpu);
  return { levels, noise, device: device => (device === CPU ? cpu : device === name ? ofGpu : known) };
}

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
  const decode = (tokens: number) => speedOf(decodeParts(walk(tokens)), machine.decode, spreadOf(gpu, DECODE));
  const empty = decode(Math.min(NEARLY_EMPTY_TOKENS, plan.contextTokens));
  const full = decode(plan.contextTokens);
  const prompt = Math.min(PREFILL_TOKENS, plan.contextTokens) / 2;
  const prefill = speedOf(prefillParts(walk(prompt)), machine.prefill, spreadOf(gpu, PREFILL));
  const isGuess = plan.gpuLayers > 0 && gpu !== null && !isKnownCard(gpu);
  return {
    decodeEmpty: empty.range,
    decodeFull: full.range,
    prefill: prefill.range,
    basis: empty.learned.knownShare >= MEASURED_SHARE ? "measured" : isGuess ? "guessed" : "known",
  };
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
