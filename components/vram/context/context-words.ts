import type { ContextImpact } from "@/lib/plan/advice/context-impact";
import { expertsInWords } from "@/lib/plan/words/placement-words";
import { ofKvType } from "@/lib/schema/plans/kv-type";
import { formatGib } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

/** "16,384 tokens, all 33 layers: f16 5.87 GiB (29 fit), q8_0 4.93 GiB (all fit), q4_0 4.43 GiB (all fit)" */
export function contextInWords(impact: ContextImpact, index: number, totalLayers: number): string {
  const perType = impact.kvTypes.map(kvType => {
    const { fullNeedBytes, gpuLayers } = ofKvType(impact.perKvType, kvType);
    const fitting = gpuLayers[index] ?? 0;
    const fit = impact.budgetBytes === 0 ? "" : ` (${fitting === totalLayers ? "all" : fitting} fit)`;
    return `${kvType} ${formatGib(fullNeedBytes[index] ?? 0)}${fit}`;
  });
  const times = impact.sequences > 1 ? `${impact.sequences} × ` : "";
  return `${times}${formatTokens(impact.contexts[index] ?? 0)} tokens, all ${totalLayers} layers${expertsInWords(impact.experts)}: ${perType.join(", ")}`;
}

/**
 * "all layers up to 11,264 tokens": where a KV type stops fitting. The trained context is a different limit, and is
 * named as well if it comes first.
 */
export function fullStopInWords(tokens: number | null, { contexts, trainedTokens }: ContextImpact): string {
  if (tokens === null) return "never all layers";
  const words = `all layers up to ${formatTokens(tokens)} tokens`;
  if (trainedTokens === 0 || tokens < trainedTokens) return words;
  return tokens === trainedTokens && contexts.at(-1) === tokens
    ? `${words}, all it was trained for`
    : `${words}, trained for ${formatTokens(trainedTokens)}`;
}

/** Whether a mark of the chart is over the budget, which makes it hollow. */
export const hasOverBudget = ({ budgetBytes, kvTypes, perKvType }: ContextImpact): boolean =>
  budgetBytes > 0 &&
  kvTypes.some(kvType => ofKvType(perKvType, kvType).fullNeedBytes.some(bytes => bytes > budgetBytes));
