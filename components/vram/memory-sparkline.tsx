import { formatGib } from "@/lib/units/bytes";

export interface MemoryMoment {
  readonly atMs: number;
  readonly othersBytes: number;
  readonly engineBytes: number;
}

interface MemorySparklineProps {
  readonly moments: readonly MemoryMoment[];
  readonly totalBytes: number;
  readonly spanMs: number;
}

const WIDTH = 600;
const HEIGHT = 32;

/** Memory in use over the last minutes: others below, our engine on top of them. The newest moment is at the right edge. */
export function MemorySparkline({ moments, totalBytes, spanMs }: MemorySparklineProps) {
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
      className="block h-8 w-full rounded-[6px] bg-sunken"
    >
      <path d={`M${used.join("L")} ${floor}`} fill="var(--ink-2)" opacity="0.14" />
      <path d={`M${others.join("L")} ${floor}`} fill="var(--others)" opacity="0.45" />
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
