import { memo } from "react";
import type { ContextImpact } from "@/lib/plan/advice/context-impact";
import { type KvType, ofKvType } from "@/lib/schema/plans/kv-type";
import type { ChartFrame } from "./chart-frame";
import { linePath, spreadLabels } from "./chart-scale";
import { kvLook } from "./kv-looks";
import { KvMarker } from "./kv-marker";

interface ChartCurvesProps {
  readonly frame: ChartFrame;
  readonly impact: ContextImpact;
  readonly kvType: KvType;
  readonly clipId: string;
}

/** The height of a line of small text with space around it. */
const LABEL_PX = 18;

const pointsOf = ({ x, y }: ChartFrame, { contexts, perKvType }: ContextImpact, kvType: KvType) =>
  contexts.map((tokens, index) => [x(tokens), y(ofKvType(perKvType, kvType).fullNeedBytes[index] ?? 0)] as const);

/** Memory over context for the KV types, the chosen one with its weights and KV cache filled in. */
export const ChartCurves = memo(function ChartCurves({ frame, impact, kvType, clipId }: ChartCurvesProps) {
  const { left, right, bottom, y } = frame;
  const chosen = pointsOf(frame, impact, kvType);
  const weightsY = Math.max(frame.top, y(impact.weightsBytes));
  return (
    <>
      <g clipPath={`url(#${clipId})`}>
        <path d={`${linePath(chosen)}L${right} ${weightsY}L${left} ${weightsY}Z`} fill="var(--kv)" opacity="0.18" />
        <rect
          x={left}
          width={right - left}
          y={weightsY}
          height={bottom - weightsY}
          fill="var(--weights)"
          opacity="0.2"
        />
        {impact.kvTypes.map(type => (
          <path
            key={type}
            d={linePath(pointsOf(frame, impact, type))}
            fill="none"
            stroke={kvLook(type).stroke}
            strokeWidth={type === kvType ? 2.75 : 1.75}
            strokeDasharray={kvLook(type).dash}
          />
        ))}
        {impact.kvTypes.map(type => (
          <CurveMarkers key={type} kvType={type} frame={frame} impact={impact} />
        ))}
      </g>
      {bottom - weightsY > LABEL_PX && (
        <text x={left + 6} y={bottom - 7} className="fill-ink-2 text-[11px]">
          weights
        </text>
      )}
      <CurveNames frame={frame} impact={impact} kvType={kvType} />
    </>
  );
});

type CurveProps = Pick<ChartCurvesProps, "frame" | "impact" | "kvType">;

function CurveMarkers({ frame, impact, kvType }: CurveProps) {
  const needs = ofKvType(impact.perKvType, kvType).fullNeedBytes;
  return pointsOf(frame, impact, kvType).map(([x, y], index) =>
    Number.isInteger(Math.log2(impact.contexts[index] ?? 1)) || index === needs.length - 1 ? (
      <KvMarker
        key={impact.contexts[index]}
        kvType={kvType}
        x={x}
        y={y}
        isFilled={impact.budgetBytes === 0 || (needs[index] ?? 0) <= impact.budgetBytes}
      />
    ) : null,
  );
}

/** Names at the right end. A curve that leaves through the top has its name there. */
function CurveNames({ frame, impact, kvType }: CurveProps) {
  const ends = impact.kvTypes.map(type => Math.max(frame.top, pointsOf(frame, impact, type).at(-1)?.[1] ?? frame.top));
  const labelYs = spreadLabels(ends, 14, frame.bottom - 4);
  return impact.kvTypes.map((type, index) => (
    <text
      key={type}
      x={frame.right + 8}
      y={(labelYs[index] ?? 0) + 4}
      className={type === kvType ? "fill-ink font-semibold text-[11px]" : "fill-ink-2 text-[11px]"}
    >
      {type}
    </text>
  ));
}
