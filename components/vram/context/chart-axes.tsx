import { memo } from "react";
import type { ContextImpact } from "@/lib/plan/advice/context-impact";
import { type KvType, ofKvType } from "@/lib/schema/plans/kv-type";
import { GIB } from "@/lib/units/bytes";
import { formatTokensShort } from "@/lib/units/tokens";
import type { ChartFrame } from "./chart-frame";
import { gibSteps } from "./chart-scale";

interface ChartAxesProps {
  readonly frame: ChartFrame;
  readonly impact: ContextImpact;
  readonly kvType: KvType;
}

const isPowerOfTwo = (tokens: number): boolean => Number.isInteger(Math.log2(tokens));

/** Labels closer together than this overlap. */
const LABEL_PX = 34;

/** Indexes of the contexts that have room for a label: powers of two, and the last. */
function labelledIndexes({ contexts }: ContextImpact, { x }: ChartFrame): number[] {
  const kept: number[] = [];
  const lastIndex = contexts.length - 1;
  const lastX = x(contexts[lastIndex] ?? 1);
  for (const [index, tokens] of contexts.entries()) {
    const before = contexts[kept.at(-1) ?? -1];
    const isFree = before === undefined || x(tokens) - x(before) >= LABEL_PX;
    const isLast = index === lastIndex;
    if (isLast || (isPowerOfTwo(tokens) && isFree && lastX - x(tokens) >= LABEL_PX)) kept.push(index);
  }
  return kept;
}

/** The grid with GiB on the left, contexts below, and under each context the layers that fit there. */
export const ChartAxes = memo(function ChartAxes({ frame, impact, kvType }: ChartAxesProps) {
  const { left, right, bottom, x, y } = frame;
  const hasBudget = impact.budgetBytes > 0;
  return (
    <g className="text-[11px]">
      {gibSteps(frame.maxBytes).map(gib => (
        <g key={gib}>
          <line x1={left} x2={right} y1={y(gib * GIB)} y2={y(gib * GIB)} stroke="var(--line)" />
          <text x={left - 8} y={y(gib * GIB) + 4} textAnchor="end" className="fill-ink-3">
            {gib}
          </text>
        </g>
      ))}
      <text x={left - 8} y="10" textAnchor="end" className="fill-ink-3">
        GiB
      </text>
      {labelledIndexes(impact, frame).map(index => {
        const tokens = impact.contexts[index] ?? 1;
        return (
          <g key={tokens} textAnchor="middle">
            <text x={x(tokens)} y={bottom + 18} className="fill-ink-3">
              {formatTokensShort(tokens)}
            </text>
            {hasBudget && (
              <text x={x(tokens)} y={bottom + 35} className="fill-ink font-semibold">
                {ofKvType(impact.perKvType, kvType).gpuLayers[index]}
              </text>
            )}
          </g>
        );
      })}
      <TrainedLine frame={frame} impact={impact} />
      {hasBudget && (
        <text x={right + 14} y={bottom + 35} className="fill-ink-3">
          fit
        </text>
      )}
    </g>
  );
});

/** Below a budget that is higher than the chart. */
const TRAINED_LABEL_PX = 28;

/** Marks the end of training, in a chart that continues beyond it. */
function TrainedLine({ frame, impact }: Pick<ChartAxesProps, "frame" | "impact">) {
  const { trainedTokens, contexts } = impact;
  if (trainedTokens === 0 || trainedTokens >= (contexts.at(-1) ?? 0)) return null;
  const x = frame.x(trainedTokens);
  const isRight = x > (frame.left + frame.right) / 2;
  return (
    <g>
      <line x1={x} x2={x} y1={frame.top} y2={frame.bottom} stroke="var(--ink-3)" strokeDasharray="1 4" />
      <text
        x={x + (isRight ? -5 : 5)}
        y={frame.top + TRAINED_LABEL_PX}
        textAnchor={isRight ? "end" : "start"}
        stroke="var(--surface)"
        strokeWidth="3"
        paintOrder="stroke"
        className="fill-ink-2"
      >
        trained for {formatTokensShort(trainedTokens)}
      </text>
    </g>
  );
}
