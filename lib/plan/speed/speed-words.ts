import type { PlanSpeed, SpeedRange } from "@/lib/schema/plans/plan-speed";
import { formatRate, formatTokens } from "@/lib/units/tokens";
import { middleOf } from "./predict-speed";

/** A range that is not wider than this share is said as one figure. */
const NARROW = 1.25;

/** "38 to 46", "about 42" */
function rangeWords(range: SpeedRange): string {
  if (range.high <= range.low * NARROW) return `about ${formatRate(middleOf(range))}`;
  return `${formatRate(range.low)} to ${formatRate(range.high)}`;
}

/** "38 to 46 tokens/s"; "about 42 tokens/s" where past loads narrowed it. */
export const formatSpeed = (range: SpeedRange): string => `${rangeWords(range)} tokens/s`;

/** "38 to 46 tokens/s, prompts 900 to 1,600" */
const speedPhrase = ({ decodeEmpty, prefill }: PlanSpeed): string =>
  `${formatSpeed(decodeEmpty)}, prompts ${rangeWords(prefill)}`;

/** What stands behind the figures: "no measurement yet on this card: "; nothing where past loads do. */
function basisWords(basis: PlanSpeed["basis"], isOnGpu: boolean): string {
  if (basis === "measured") return "";
  if (basis === "guessed") return "speed guessed from the size of the card's memory: ";
  return isOnGpu ? "no measurement yet on this card: " : "no measurement yet on this computer: ";
}

/** "No measurement yet on this card: 38 to 46 tokens/s, prompts 900 to 1,600." */
export function speedSentence(speed: PlanSpeed, isOnGpu: boolean): string {
  const words = `${basisWords(speed.basis, isOnGpu)}${speedPhrase(speed)}.`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** For a tooltip: "Writes 38 to 46 tokens/s with an empty context and 30 to 36 with a full one. Reads prompts at 900 to 1,600. …" */
export function speedDetail(speed: PlanSpeed, isOnGpu: boolean): string {
  const { decodeEmpty, decodeFull, prefill, basis } = speed;
  const source =
    basis === "measured"
      ? "From past loads on this computer."
      : basis === "guessed"
        ? "No figure for this card yet: guessed from the size of its memory."
        : isOnGpu
          ? "From the maker's figures: no measurement yet on this card."
          : "From the speed of system memory: no measurement yet on this computer.";
  return (
    `Writes ${formatSpeed(decodeEmpty)} with an empty context and ${rangeWords(decodeFull)} with a full one. ` +
    `Reads prompts at ${formatSpeed(prefill)}. ${source}`
  );
}

/** "about 41 tokens/s instead of 23": two plans by the middles of their ranges. */
export const insteadWords = (changed: SpeedRange, present: SpeedRange): string =>
  `about ${formatRate(middleOf(changed))} tokens/s instead of ${formatRate(middleOf(present))}`;

/** Rows for a terminal: what, low, high. */
export const speedLines = ({ decodeEmpty, decodeFull, prefill }: PlanSpeed, contextTokens: number): string[][] =>
  (
    [
      ["decode, empty context", decodeEmpty],
      [`decode, ${formatTokens(contextTokens)} tokens in it`, decodeFull],
      ["prefill", prefill],
    ] as const
  ).map(([what, range]) => [what, formatSpeed(range)]);
