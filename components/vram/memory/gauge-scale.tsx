import { bytesToGib, formatGib, GIB } from "@/lib/units/bytes";

interface GaugeScaleProps {
  /** The value of the whole width. */
  readonly scaleBytes: number;
  readonly targetBytes: number | null;
}

/** Whole GiB values far enough apart to be readable at any width: at most five steps. */
function gibTicks(scaleBytes: number): number[] {
  const total = bytesToGib(scaleBytes);
  const step = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128].find(width => total / width <= 5) ?? 256;
  return Array.from({ length: Math.floor(total / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** The line that memory must stay under, drawn across all bars of a gauge, with its label above. */
export function TargetLine({ scaleBytes, targetBytes }: GaugeScaleProps) {
  if (targetBytes === null || scaleBytes === 0) return null;
  const percent = (targetBytes / scaleBytes) * 100;
  const x = `${percent}%`;
  return (
    <svg aria-hidden="true" className="pointer-events-none absolute inset-0 size-full overflow-visible">
      <line x1={x} x2={x} y1="2" y2="100%" stroke="var(--target)" strokeWidth="2" strokeDasharray="4 3" />
      <text
        x={x}
        dx={percent > 50 ? -6 : 6}
        y="12"
        textAnchor={percent > 50 ? "end" : "start"}
        className="fill-target font-semibold text-xs"
      >
        target {formatGib(targetBytes)}
      </text>
    </svg>
  );
}

export function GaugeAxis({ scaleBytes }: Pick<GaugeScaleProps, "scaleBytes">) {
  const ticks = gibTicks(scaleBytes);
  const anchor = (index: number) => (index === 0 ? "start" : index === ticks.length - 1 ? "end" : "middle");
  return (
    <svg aria-hidden="true" className="mt-1 block h-4 w-full overflow-visible">
      {ticks.map((gib, index) => (
        <text
          key={gib}
          x={`${((gib * GIB) / scaleBytes) * 100}%`}
          y="11"
          textAnchor={anchor(index)}
          className="fill-ink-3 text-[11px]"
        >
          {index === ticks.length - 1 ? `${gib} GiB` : gib}
        </text>
      ))}
    </svg>
  );
}
