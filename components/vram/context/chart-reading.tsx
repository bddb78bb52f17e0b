import { formatTokensShort } from "@/lib/units/tokens";
import type { ChartFrame } from "./chart-frame";

interface ChartReadingProps {
  readonly frame: ChartFrame;
  /** The draft's place on the chart. */
  readonly contextTokens: number;
  /** The place that the pointer or the arrow keys read; null when they do not. */
  readonly readTokens: number | null;
}

export function ChartReading({ frame, contextTokens, readTokens }: ChartReadingProps) {
  const { top, bottom, left, right } = frame;
  const x = Math.min(right, Math.max(left, frame.x(contextTokens)));
  return (
    <>
      <line x1={x} x2={x} y1={top - 6} y2={bottom} stroke="var(--ink)" strokeWidth="1.5" />
      <text
        x={x}
        y={top - 10}
        textAnchor={x > right - 30 ? "end" : "middle"}
        className="fill-ink font-semibold text-[11px]"
      >
        {formatTokensShort(contextTokens)}
      </text>
      {readTokens !== null && (
        <line
          x1={frame.x(readTokens)}
          x2={frame.x(readTokens)}
          y1={top}
          y2={bottom}
          stroke="var(--ink-2)"
          strokeDasharray="3 3"
        />
      )}
    </>
  );
}
