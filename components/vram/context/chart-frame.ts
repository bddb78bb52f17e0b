import type { ContextImpact } from "@/lib/plan/advice/context-impact";
import { isMixed, ofKvType } from "@/lib/schema/plans/kv-type";
import { linearScale, logScale, type Scale } from "./chart-scale";

export const CHART_HEIGHT = 264;
const MARGIN = { top: 22, right: 44, bottom: 44, left: 38 } as const;
/** Room for "q8_0/q4_0" at the end of a curve. */
const MIXED_NAME_PX = 24;

/** A budget this many times above the highest curve is not drawn to scale, because the curves would be flat. */
const BUDGET_OUT_OF_SIGHT = 2;

/** A line leaves the chart above this multiple of the budget; otherwise a 128k context would flatten everything that fits. */
const BUDGETS_SHOWN = 2;

export interface ChartFrame {
  readonly width: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly maxBytes: number;
  readonly x: Scale;
  readonly y: Scale;
}

const last = (values: readonly number[]): number => values.at(-1) ?? 0;
const first = (values: readonly number[]): number => values[0] ?? 0;

/** The area that the curves are drawn in: context on a log axis, memory from zero. */
export function chartFrame(impact: ContextImpact, width: number): ChartFrame {
  const highest = Math.max(...impact.kvTypes.map(kvType => last(ofKvType(impact.perKvType, kvType).fullNeedBytes)));
  const lowest = Math.max(...impact.kvTypes.map(kvType => first(ofKvType(impact.perKvType, kvType).fullNeedBytes)));
  const worthShowing = Math.max(impact.budgetBytes * BUDGETS_SHOWN, lowest * 1.5);
  const highestShown = impact.budgetBytes === 0 ? highest : Math.min(highest, worthShowing);
  const shownBudget = impact.budgetBytes > highest * BUDGET_OUT_OF_SIGHT ? highest * 1.25 : impact.budgetBytes * 1.12;
  const maxBytes = Math.max(highestShown * 1.04, shownBudget);
  const left = MARGIN.left;
  const nameRoom = MARGIN.right + (impact.kvTypes.some(isMixed) ? MIXED_NAME_PX : 0);
  const right = Math.max(left + 1, width - nameRoom);
  const bottom = CHART_HEIGHT - MARGIN.bottom;
  return {
    width,
    left,
    right,
    top: MARGIN.top,
    bottom,
    maxBytes,
    x: logScale(first(impact.contexts), last(impact.contexts), left, right),
    y: linearScale(0, maxBytes, bottom, MARGIN.top),
  };
}
