import { formatBytes } from "@/lib/units/bytes";
import { Swatch } from "../swatch";
import { memoryPartLooks, type PartBytes, usedBytes } from "./memory-parts";

interface MemoryFiguresProps {
  readonly planned: PartBytes;
  /** Null if it was not measured. */
  readonly now: PartBytes | null;
  readonly totalBytes: number;
}

/** The gauge's legend and table in one: first the excess, then each part, as planned and as it is. */
export function MemoryFigures({ planned, now, totalBytes }: MemoryFiguresProps) {
  const excessBytes = usedBytes(planned) - totalBytes;
  return (
    <dl className="mt-3 grid grid-cols-2 gap-x-4 gap-y-2.5 sm:grid-cols-3 lg:grid-cols-6">
      {excessBytes > 0 && <Figure name="Too much" fill="var(--bad)" plannedBytes={excessBytes} nowBytes={null} isBad />}
      {memoryPartLooks
        .filter(({ id }) => (id !== "embedding" && id !== "beside") || planned[id] > 0)
        .map(part => (
          <Figure
            key={part.id}
            name={part.name}
            fill={part.fill}
            plannedBytes={planned[part.id]}
            nowBytes={now?.[part.id] ?? null}
          />
        ))}
      {excessBytes <= 0 && (
        <Figure
          name="Free"
          fill="none"
          plannedBytes={-excessBytes}
          nowBytes={now && Math.max(0, totalBytes - usedBytes(now))}
        />
      )}
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly fill: string;
  readonly plannedBytes: number;
  readonly nowBytes: number | null;
  readonly isBad?: boolean;
}

function Figure({ name, fill, plannedBytes, nowBytes, isBad = false }: FigureProps) {
  return (
    <div className="min-w-0">
      <dt className="flex items-center gap-1.5 text-ink-2 text-sm">
        <Swatch fill={fill} />
        {name}
      </dt>
      <dd className={isBad ? "font-semibold text-bad" : "font-semibold"}>{formatBytes(plannedBytes)}</dd>
      {nowBytes !== null && <dd className="text-ink-3 text-xs">now {formatBytes(nowBytes)}</dd>}
    </div>
  );
}
