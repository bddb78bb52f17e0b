import { memo } from "react";
import type { ContextImpact } from "@/lib/plan/advice/context-impact";
import { type KvType, ofKvType } from "@/lib/schema/plans/kv-type";
import { fullStopInWords, hasOverBudget } from "./context-words";
import { kvLook } from "./kv-looks";
import { KvMarker } from "./kv-marker";

interface FullStopsProps {
  readonly impact: ContextImpact;
  readonly kvType: KvType;
  readonly onPick: (kvType: KvType, contextTokens: number) => void;
}

/** The chart's legend: each KV type with the largest context that leaves all layers on the GPU. Pressing one tries it. */
export const FullStops = memo(function FullStops({ impact, kvType, onPick }: FullStopsProps) {
  return (
    <ul className="mt-3 flex flex-wrap gap-x-5 gap-y-1.5 border-line border-t pt-3 text-ink-2 text-sm">
      {impact.kvTypes.map(type => (
        <li key={type} className="flex items-center gap-2">
          <svg aria-hidden="true" width="26" height="12">
            <line
              x1="0"
              x2="26"
              y1="6"
              y2="6"
              stroke={kvLook(type).stroke}
              strokeWidth="2"
              strokeDasharray={kvLook(type).dash}
            />
            <KvMarker kvType={type} x={13} y={6} isFilled />
          </svg>
          <span className={type === kvType ? "font-semibold text-ink" : undefined}>{type}</span>
          <FullStop impact={impact} kvType={type} onPick={onPick} />
        </li>
      ))}
      {hasOverBudget(impact) && <li className="text-ink-3">hollow: over the budget</li>}
    </ul>
  );
});

function FullStop({ impact, kvType, onPick }: FullStopsProps) {
  const tokens = ofKvType(impact.fullStopsAtTokens, kvType);
  const words = fullStopInWords(tokens, impact);
  if (tokens === null) return words;
  return (
    <button
      type="button"
      onClick={() => onPick(kvType, tokens)}
      className="min-h-6 rounded-[6px] text-left underline decoration-line-strong underline-offset-4 hover:decoration-accent"
    >
      {words}
      <span className="sr-only">: use this context size</span>
    </button>
  );
}
