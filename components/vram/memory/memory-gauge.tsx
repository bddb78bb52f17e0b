import { MemoryBar } from "@/components/ui/memory-bar";
import { formatGib } from "@/lib/units/bytes";
import { GaugeAxis, TargetLine } from "./gauge-scale";
import { memoryPartLooks, type PartBytes, partsInWords, usedBytes } from "./memory-parts";

export interface GaugeRow {
  /** "Plan" or "Now". */
  readonly name: string;
  readonly bytes: PartBytes;
  /** An old reading is shown, but marked as old. */
  readonly isStale?: boolean;
}

interface MemoryGaugeProps {
  /** "GPU memory", "System memory" */
  readonly label: string;
  readonly totalBytes: number;
  readonly targetBytes: number | null;
  readonly rows: readonly GaugeRow[];
}

/** What uses the memory of a card or of the computer, as planned and as it is, on one scale under one target line. */
export function MemoryGauge({ label, totalBytes, targetBytes, rows }: MemoryGaugeProps) {
  const usedMostBytes = Math.max(...rows.map(row => usedBytes(row.bytes)));
  const scaleBytes = Math.max(totalBytes, usedMostBytes);
  return (
    <div className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3">
      <div className="flex flex-col gap-1.5 pt-5 text-ink-2 text-sm">
        {rows.map((row, index) => (
          <span key={row.name} className={index === 0 ? "flex h-9 items-center" : "flex h-4 items-center"}>
            {row.name}
          </span>
        ))}
      </div>
      <div className="min-w-0">
        <div className="relative flex flex-col gap-1.5 pt-5">
          {rows.map((row, index) => (
            <MemoryBar
              key={row.name}
              label={`${label}, ${row.name.toLowerCase()}`}
              valueText={`${partsInWords(row.bytes, totalBytes)}${row.isStale ? ", stale" : ""}`}
              totalBytes={totalBytes}
              scaleBytes={scaleBytes}
              parts={memoryPartLooks.map(({ id, name, fill }) => ({ name, fill, bytes: row.bytes[id] }))}
              className={`${index === 0 ? "h-9" : "h-4"} rounded-[6px] bg-sunken shadow-[0_0_0_1px_var(--line-strong)] ${row.isStale ? "opacity-45 grayscale" : ""}`}
            />
          ))}
          <TargetLine scaleBytes={scaleBytes} targetBytes={targetBytes} />
          {usedMostBytes > totalBytes && (
            <span className="absolute top-0 right-0 font-semibold text-bad text-xs">
              +{formatGib(usedMostBytes - totalBytes)}
            </span>
          )}
        </div>
        <GaugeAxis scaleBytes={scaleBytes} />
      </div>
    </div>
  );
}
