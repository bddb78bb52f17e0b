import { Cell, RowHead, Table } from "@/components/ui/table";
import { type BenchmarkRow, type BenchmarkRun, benchmarkWays, decodeChange } from "@/lib/schema/benchmark";
import { formatMib } from "@/lib/units/bytes";

const headings = ["Way", "Layers", "KV cache", "Predicted", "Actual", "Prefill", "Decode", "Since then"];

interface BenchmarkTableProps {
  readonly rows: readonly BenchmarkRow[];
  /** The last run that measured the same. */
  readonly earlier: BenchmarkRun | null;
}

/** The four ways side by side: what each places, takes and does a second. */
export function BenchmarkTable({ rows, earlier }: BenchmarkTableProps) {
  const fastest = Math.max(...rows.map(row => row.speed?.decodeTokensPerSecond ?? 0));
  return (
    <Table caption="Benchmark of this machine" headings={headings.slice(0, earlier === null ? -1 : undefined)}>
      {rows.map(row => (
        <WayRow
          key={row.id}
          row={row}
          isFastest={row.speed !== null && row.speed.decodeTokensPerSecond === fastest}
          change={
            earlier &&
            decodeChange(
              row,
              earlier.rows.find(other => other.id === row.id),
            )
          }
          isCompared={earlier !== null}
        />
      ))}
    </Table>
  );
}

interface WayRowProps {
  readonly row: BenchmarkRow;
  readonly isFastest: boolean;
  readonly change: number | null;
  readonly isCompared: boolean;
}

const both = ({ gpuBytes, ramBytes }: { gpuBytes: number; ramBytes: number }): string => formatMib(gpuBytes + ramBytes);

const perSecond = (speed: number | undefined): string => (speed === undefined ? "–" : `${speed.toFixed(1)} tokens/s`);

function WayRow({ row, isFastest, change, isCompared }: WayRowProps) {
  const { note, label } = benchmarkWays[row.id];
  return (
    <tr>
      <RowHead>
        {label}
        <span className="block text-ink-3 text-xs">
          {row.kvType}, flash attention {row.flashAttention}
        </span>
        {note !== null && <span className="sr-only">{note}</span>}
        {row.problem !== null && (
          <span className="block text-warn text-xs whitespace-normal">{row.problem.message}</span>
        )}
        {row.lowered !== null && <span className="block text-warn text-xs whitespace-normal">{row.lowered}</span>}
      </RowHead>
      <Cell>{row.gpuLayers === 0 ? "CPU" : `${row.gpuLayers} of ${row.totalLayers}`}</Cell>
      <Cell>{both(row.kv)}</Cell>
      <Cell>{both(row.predicted)}</Cell>
      <Cell>{row.actual === null ? "–" : both(row.actual)}</Cell>
      <Cell>{perSecond(row.speed?.prefillTokensPerSecond)}</Cell>
      <Cell className={isFastest ? "font-semibold text-good" : undefined}>
        {perSecond(row.speed?.decodeTokensPerSecond)}
      </Cell>
      {isCompared && <Cell>{changeInWords(change)}</Cell>}
    </tr>
  );
}

function changeInWords(change: number | null): string {
  if (change === null) return "–";
  if (change === 0) return "same";
  return `${change > 0 ? "+" : "−"}${Math.abs(change * 100).toFixed(0)} %`;
}
