import { memo } from "react";
import type { ContextImpact } from "@/lib/plan/advice/context-impact";
import { ofKvType } from "@/lib/schema/plans/kv-type";
import { formatGib } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";
import type { ChartFrame } from "./chart-frame";
import { kvLook } from "./kv-looks";

interface ChartBudgetProps {
  readonly frame: ChartFrame;
  readonly impact: ContextImpact;
}

/** The height of a line of small text: the names of neighbouring stops are stacked. */
const STOP_LABEL_PX = 15;

/** The line that the curves must not cross, and the points where they do. */
export const ChartBudget = memo(function ChartBudget({ frame, impact }: ChartBudgetProps) {
  const { budgetBytes, fullStopsAtTokens, contexts, kvTypes, perKvType } = impact;
  if (budgetBytes === 0) return null;
  if (budgetBytes > frame.maxBytes) return <BudgetAbove frame={frame} budgetBytes={budgetBytes} />;
  const y = frame.y(budgetBytes);
  const longest = contexts.at(-1) ?? 0;
  const stops = kvTypes.flatMap(kvType => {
    const tokens = ofKvType(fullStopsAtTokens, kvType);
    if (tokens === null || tokens >= longest || tokens < (contexts[0] ?? 0)) return [];
    return [{ kvType, tokens, x: frame.x(tokens) }];
  });
  // Curves that begin above the line leave room for its name below.
  const isBelow = kvTypes.every(kvType => (ofKvType(perKvType, kvType).fullNeedBytes[0] ?? 0) > budgetBytes);
  return (
    <>
      <line
        x1={frame.left}
        x2={frame.right}
        y1={y}
        y2={y}
        stroke="var(--target)"
        strokeWidth="1.75"
        strokeDasharray="5 4"
      />
      <text
        x={frame.left + 6}
        y={isBelow ? y + 14 : y - 6}
        stroke="var(--surface)"
        strokeWidth="3"
        paintOrder="stroke"
        className="fill-target font-semibold text-[11px]"
      >
        budget {formatGib(budgetBytes)}
      </text>
      {stops.map(({ kvType, tokens, x }, index) => (
        <g key={kvType}>
          <line x1={x} x2={x} y1={y} y2={frame.bottom} stroke={kvLook(kvType).stroke} strokeDasharray="2 3" />
          <circle cx={x} cy={y} r="3" fill="var(--target)" />
          <text
            x={x - 4}
            y={frame.bottom - 7 - index * STOP_LABEL_PX}
            textAnchor="end"
            stroke="var(--surface)"
            strokeWidth="3"
            paintOrder="stroke"
            className="fill-ink font-semibold text-[11px]"
          >
            {kvType} to {formatTokens(tokens)}
          </text>
        </g>
      ))}
    </>
  );
});

/** All curves are so far below the budget that its line would be outside the chart. */
function BudgetAbove({ frame, budgetBytes }: { readonly frame: ChartFrame; readonly budgetBytes: number }) {
  return (
    <text
      x={frame.left + 6}
      y={frame.top + 12}
      stroke="var(--surface)"
      strokeWidth="3"
      paintOrder="stroke"
      className="fill-target font-semibold text-[11px]"
    >
      ↑ budget {formatGib(budgetBytes)}, above the chart
    </text>
  );
}
