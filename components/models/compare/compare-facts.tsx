import type { ReactNode } from "react";
import type { ComparedPlan, ComparisonColumn } from "@/lib/schema/comparison";
import { formatBytes } from "@/lib/units/bytes";
import { formatDuration } from "@/lib/units/durations";
import { formatTokens } from "@/lib/units/tokens";
import { layerWords, speedWords } from "../picks/pick-words";
import { PlanBadge, useRamIsShort } from "../plan-badge";
import { measuredWords } from "./compare-words";

interface CompareFactsProps {
  readonly plan: ComparedPlan;
  /** Null before the model was asked. */
  readonly answer: ComparisonColumn | null;
}

/** The plan, and what was measured beside what was predicted. Each column has the same rows in the same order. */
export function CompareFacts({ plan, answer }: CompareFactsProps) {
  const isTooLarge = useRamIsShort(plan);
  const state = answer?.state;
  const loaded = state !== undefined && "loaded" in state ? state.loaded : null;
  const stats = state?.kind === "answered" ? state.stats : null;
  // An answer is compared with what was predicted before it: its own load corrects later predictions.
  const predicted = answer?.plan ?? plan;
  return (
    <>
      {isTooLarge && (
        <div>
          <PlanBadge plan={plan} />
        </div>
      )}
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-sm">
        <Fact name="Layers">{layerWords({ plan })}</Fact>
        <Fact name="Memory">{memoryWords(plan)}</Fact>
        <Fact name="Context">{contextWords(plan)}</Fact>
        <Fact name="Predicted">{speedWords({ plan: predicted })}</Fact>
        {stats !== null && stats.tokensPerSecond > 0 && (
          <Fact name="Measured">{measuredWords(stats.tokensPerSecond, predicted.speed)}</Fact>
        )}
        {stats !== null && stats.generatedTokens > 0 && (
          <Fact name="First token">after {formatDuration(stats.timeToFirstTokenMs)}</Fact>
        )}
        {loaded !== null && (
          <Fact name="Load">{loaded.loadMs === null ? "was loaded already" : formatDuration(loaded.loadMs)}</Fact>
        )}
      </dl>
      {loaded?.lowered != null && <p className="text-sm text-warn">{loaded.lowered}</p>}
    </>
  );
}

const Fact = ({ name, children }: { readonly name: string; readonly children: ReactNode }) => (
  <div className="contents">
    <dt className="text-ink-2">{name}</dt>
    <dd className="font-semibold tabular-nums">{children}</dd>
  </div>
);

function memoryWords({ kind, gpuBytes, ramBytes, isEstimate }: ComparedPlan): string {
  const about = isEstimate ? "about " : "";
  const ram = `${about}${formatBytes(ramBytes)} of RAM`;
  return kind === "cpu-only" ? ram : `${about}${formatBytes(gpuBytes)} on the card, ${ram}`;
}

function contextWords({ contextTokens, largestContextTokens }: ComparedPlan): string {
  const now = `${formatTokens(contextTokens)} tokens`;
  if (largestContextTokens === null || largestContextTokens <= contextTokens) return now;
  return `${now}, up to ${formatTokens(largestContextTokens)} possible`;
}
