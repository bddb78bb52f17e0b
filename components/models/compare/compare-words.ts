import { middleOf } from "@/lib/plan/speed/predict-speed";
import type { Comparison, ComparisonColumn } from "@/lib/schema/comparison";
import type { PlanSpeed } from "@/lib/schema/plans/plan-speed";
import { formatRate, formatTokens } from "@/lib/units/tokens";

/** The columns to begin with: the given models, completed to two by the one in use and then by others. */
export function firstColumns(
  given: readonly string[],
  names: readonly string[],
  inUse: string | null,
): readonly string[] {
  const others = [...names].sort((one, other) => Number(other === inUse) - Number(one === inUse));
  return [...given, ...others.filter(name => !given.includes(name)).slice(0, Math.max(0, 2 - given.length))];
}

/** "41 tokens/s, as predicted", "12 tokens/s, 30 % slower than predicted". */
export function measuredWords(tokensPerSecond: number, speed: PlanSpeed | null): string {
  const rate = `${formatRate(tokensPerSecond)} tokens/s`;
  if (speed === null) return rate;
  const { low, high } = speed.decodeEmpty;
  if (tokensPerSecond >= low && tokensPerSecond <= high) return `${rate}, as predicted`;
  const share = Math.abs(tokensPerSecond / middleOf(speed.decodeEmpty) - 1);
  return `${rate}, ${Math.round(share * 100)} % ${tokensPerSecond < low ? "slower" : "faster"} than predicted`;
}

const endWords = {
  stop: null,
  length: (tokens: number) => `Ended at the longest answer, ${formatTokens(tokens)} tokens.`,
  context: () => "Ended because the context is full.",
  cancelled: () => "Stopped by you.",
} as const;

/** Why the model did not end its answer by itself; null if it did. */
export const answerEnd = ({ state }: ComparisonColumn, maxTokens: number): string | null =>
  state.kind === "answered" ? (endWords[state.reason]?.(maxTokens) ?? null) : null;

/** A difference below this is within what two runs of one model differ by. */
const NOTABLE = 1.05;

/** What goes on, or who was the fastest at the end. */
export function comparisonSentence({ phase, columns }: Comparison): string {
  if (phase === "stopping") return "Stopping: what was loaded before comes back.";
  if (phase === "restoring") return "Putting back what was loaded before.";
  const current = columns.findIndex(({ state }) => state.kind === "loading" || state.kind === "answering");
  const column = columns[current];
  if (phase === "asking")
    return column === undefined
      ? "Beginning."
      : `${current + 1} of ${columns.length}: ${column.model} ${column.state.kind === "loading" ? "is being loaded" : "answers"}.`;
  return resultSentence(columns);
}

function resultSentence(columns: Comparison["columns"]): string {
  const speeds = columns
    .flatMap(({ model, state }) =>
      state.kind === "answered" && state.stats.tokensPerSecond > 0
        ? [{ model, rate: state.stats.tokensPerSecond }]
        : [],
    )
    .sort((one, other) => other.rate - one.rate);
  const [first, second] = speeds;
  if (first === undefined) return "No model has answered.";
  if (second === undefined) return `Only ${first.model} has answered.`;
  const times = first.rate / second.rate;
  if (times < NOTABLE) return `${first.model} and ${second.model} wrote equally fast.`;
  return `${first.model} wrote fastest: ${formatRate(first.rate)} tokens/s, ${times.toFixed(1)} times as fast as ${second.model}.`;
}
