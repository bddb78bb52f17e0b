import type { ContextImpact } from "@/lib/plan/context-impact";
import { formatGib } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

/** "16,384 tokens, all 33 layers: f16 5.87 GiB (29 fit), q8_0 4.93 GiB (all fit), q4_0 4.43 GiB (all fit)" */
export function contextInWords(impact: ContextImpact, index: number, totalLayers: number): string {
  const perType = impact.kvTypes.map(kvType => {
    const { fullNeedBytes, gpuLayers } = impact.perKvType[kvType];
    const fitting = gpuLayers[index] ?? 0;
    const fit = impact.budgetBytes === 0 ? "" : ` (${fitting === totalLayers ? "all" : fitting} fit)`;
    return `${kvType} ${formatGib(fullNeedBytes[index] ?? 0)}${fit}`;
  });
  return `${formatTokens(impact.contexts[index] ?? 0)} tokens, all ${totalLayers} layers: ${perType.join(", ")}`;
}

/** "all layers up to 11,520 tokens": where one KV type stops fitting. */
export function fullStopInWords(tokens: number | null, longestTokens: number): string {
  if (tokens === null) return "never all layers";
  return tokens >= longestTokens
    ? `all layers, to ${formatTokens(longestTokens)}`
    : `all layers up to ${formatTokens(tokens)}`;
}
