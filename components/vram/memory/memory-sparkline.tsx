import { useId } from "react";
import { formatGib } from "@/lib/units/bytes";

export interface MemoryMoment {
  readonly atMs: number;
  readonly othersBytes: number;
  readonly engineBytes: number;
}

interface MemorySparklineProps {
  readonly moments: readonly MemoryMoment[];
  readonly totalBytes: number;
  readonly targetBytes: number;
  readonly spanMs: number;
}

const WIDTH = 600;
const HEIGHT = 40;

/** Memory in use over the last minutes: others below, our engine above them. The newest moment is at the right edge. */
export function MemorySparkline({ moments, totalBytes, targetBytes, spanMs }: MemorySparklineProps) {
  const hatchId = useId();
  const last = moments.at(-1);
  if (last === undefined || moments.length < 2) return null;
  const x = (moment: MemoryMoment) => WIDTH - ((last.atMs - moment.atMs) / spanMs) * WIDTH;
  const y = (bytes: number) => HEIGHT - (bytes / totalBytes) * (HEIGHT - 1);
  const others = moments.map(moment => `${x(moment).toFixed(1)} ${y(moment.othersBytes).toFixed(1)}`);
  const used = moments.map(
    moment => `${x(moment).toFixed(1)} ${y(moment.othersBytes + moment.engineBytes).toFixed(1)}`,
  );
  const first = moments[0] ?? last;
  const floor = `L${WIDTH} ${HEIGHT} L${x(first).toFixed(1)} ${HEIGHT}Z`;
  return (
    <svg
      role="img"
      aria-label={`Memory in use over the last minutes: ${rangeInWords(moments)}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className="block h-10 w-full rounded-[6px] bg-sunken"
    >
      <pattern id={hatchId} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="5" height="5" fill="var(--sunken)" />
        <rect width="2" height="5" fill="var(--others)" />
      </pattern>
      <path d={`M${used.join("L")} ${floor}`} fill="var(--ink-3)" />
      <path d={`M${others.join("L")} ${floor}`} fill={`url(#${hatchId})`} />
      <line
        x2={WIDTH}
        y1={y(targetBytes)}
        y2={y(targetBytes)}
        stroke="var(--target)"
        strokeDasharray="4 3"
        vectorEffect="non-scaling-stroke"
      />
      <path
        d={`M${used.join("L")}`}
        fill="none"
        stroke="var(--ink-2)"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

function rangeInWords(moments: readonly MemoryMoment[]): string {
  const used = moments.map(moment => moment.othersBytes + moment.engineBytes);
  return `between ${formatGib(Math.min(...used))} and ${formatGib(Math.max(...used))}`;
}
