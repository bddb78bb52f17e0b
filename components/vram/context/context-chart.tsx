"use client";
import { useId, useMemo, useState } from "react";
import { useElementWidth } from "@/components/ui/use-element-width";
import { isComposing } from "@/lib/client/is-composing";
import type { ContextImpact } from "@/lib/plan/advice/context-impact";
import type { KvType } from "@/lib/schema/plans/kv-type";
import { ChartAxes } from "./chart-axes";
import { ChartBudget } from "./chart-budget";
import { ChartCurves } from "./chart-curves";
import { CHART_HEIGHT, type ChartFrame, chartFrame } from "./chart-frame";
import { ChartReading } from "./chart-reading";
import { contextInWords } from "./context-words";

interface ContextChartProps {
  readonly impact: ContextImpact;
  readonly contextTokens: number;
  readonly kvType: KvType;
  readonly totalLayers: number;
  readonly onPick: (contextTokens: number) => void;
}

/** Memory with all layers in one place, over the context size. Pointing or arrow keys read it; a press or Enter sets the context. */
export function ContextChart(props: ContextChartProps) {
  const { impact, contextTokens, totalLayers, onPick } = props;
  const [box, width] = useElementWidth<HTMLDivElement>();
  const [reading, setReading] = useState<number | null>(null);
  const clipId = useId();
  const frame = useMemo(() => chartFrame(impact, width), [impact, width]);
  const atContext = nearestIndex(impact.contexts, contextTokens);
  const index = Math.min(reading ?? atContext, impact.contexts.length - 1);
  const pick = () => onPick(impact.contexts[index] ?? contextTokens);
  const point = (event: React.PointerEvent) =>
    setReading(indexAt(frame, impact.contexts, event.clientX - (box.current?.getBoundingClientRect().left ?? 0)));
  return (
    <div>
      <div
        ref={box}
        role="slider"
        tabIndex={0}
        aria-label="Read the chart by context size; Enter sets the context"
        aria-valuemin={impact.contexts[0]}
        aria-valuemax={impact.contexts.at(-1)}
        aria-valuenow={impact.contexts[index]}
        aria-valuetext={contextInWords(impact, index, totalLayers)}
        onPointerMove={point}
        onPointerLeave={() => setReading(null)}
        onBlur={() => setReading(null)}
        onClick={pick}
        onKeyDown={event => {
          if (isComposing(event)) return;
          const next = keyIndex(event.key, index, impact.contexts.length);
          if (next === null && event.key !== "Enter") return;
          event.preventDefault();
          if (next === null) pick();
          else setReading(next);
        }}
        className="cursor-crosshair touch-pan-y rounded-control outline-offset-4"
      >
        {width > 0 && (
          <svg aria-hidden="true" width={width} height={CHART_HEIGHT} className="block">
            <clipPath id={clipId}>
              <rect
                x={frame.left - 5}
                y={frame.top}
                width={frame.right - frame.left + 10}
                height={frame.bottom - frame.top}
              />
            </clipPath>
            <ChartAxes frame={frame} impact={impact} kvType={props.kvType} />
            <ChartCurves frame={frame} impact={impact} kvType={props.kvType} clipId={clipId} />
            <ChartReading
              frame={frame}
              contextTokens={contextTokens}
              readTokens={reading === null ? null : (impact.contexts[index] ?? null)}
            />
            {/* Its names stay readable where a mark crosses them. */}
            <ChartBudget frame={frame} impact={impact} />
          </svg>
        )}
      </div>
      <p className="mt-2 min-h-9 text-ink-2 text-sm">{contextInWords(impact, index, totalLayers)}</p>
    </div>
  );
}

function nearestIndex(contexts: readonly number[], contextTokens: number): number {
  const distance = (tokens: number) => Math.abs(Math.log(tokens / contextTokens));
  return contexts.reduce((best, tokens, index) => (distance(tokens) < distance(contexts[best] ?? 1) ? index : best), 0);
}

function indexAt(frame: ChartFrame, contexts: readonly number[], pixel: number): number {
  const distance = (tokens: number) => Math.abs(frame.x(tokens) - pixel);
  return contexts.reduce((best, tokens, index) => (distance(tokens) < distance(contexts[best] ?? 1) ? index : best), 0);
}

function keyIndex(key: string, index: number, count: number): number | null {
  if (key === "ArrowRight" || key === "ArrowUp") return Math.min(index + 1, count - 1);
  if (key === "ArrowLeft" || key === "ArrowDown") return Math.max(index - 1, 0);
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}
