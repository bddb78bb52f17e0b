import { buttonClass } from "@/components/ui/button";
import { fastestRow } from "@/lib/plan/words/explain-benchmark";
import { type BenchmarkRow, type BenchmarkRun, benchmarkWays } from "@/lib/schema/benchmark";
import { formatRate, formatTokensShort } from "@/lib/units/tokens";

interface BenchmarkHistoryProps {
  /** Newest first. */
  readonly runs: readonly BenchmarkRun[];
  readonly shownId: string;
  readonly onChoose: (id: string) => void;
}

const dayAndTime = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

const rateOf = (row: BenchmarkRow | null | undefined): string =>
  row?.speed ? formatRate(row.speed.decodeTokensPerSecond) : "–";

/** The decode speeds of every kept run; choosing a run shows it above. */
export function BenchmarkHistory({ runs, shownId, onChoose }: BenchmarkHistoryProps) {
  return (
    <table className="w-full text-sm">
      <caption className="pb-1 text-left font-semibold">All runs, decoding in tokens/s</caption>
      <thead>
        <tr className="text-ink-3 text-xs">
          <th scope="col" className="py-1.5 pr-3 text-left font-normal">
            When
          </th>
          <th scope="col" className="px-2 py-1.5 text-right font-normal">
            {benchmarkWays.none.label}
          </th>
          <th scope="col" className="px-2 py-1.5 text-right font-normal">
            Fastest
          </th>
        </tr>
      </thead>
      <tbody>
        {runs.map(run => (
          <HistoryRow key={run.id} run={run} isShown={run.id === shownId} onChoose={onChoose} />
        ))}
      </tbody>
    </table>
  );
}

interface HistoryRowProps {
  readonly run: BenchmarkRun;
  readonly isShown: boolean;
  readonly onChoose: (id: string) => void;
}

function HistoryRow({ run, isShown, onChoose }: HistoryRowProps) {
  const fastest = fastestRow(run.rows);
  return (
    <tr className={isShown ? "bg-accent-soft" : undefined}>
      <th scope="row" className="border-line border-t py-1.5 text-left font-normal">
        <button
          type="button"
          aria-pressed={isShown}
          onClick={() => onChoose(run.id)}
          className={buttonClass("quiet", "sm")}
        >
          {dayAndTime.format(run.atMs)}
        </button>
        <span className="block px-2.5 text-ink-3 text-xs wrap-anywhere">
          {run.subject.modelName}, {formatTokensShort(run.subject.contextTokens)}, {run.subject.gpuName ?? "CPU"}
        </span>
      </th>
      <td className="border-line border-t px-2 py-2 text-right align-top">
        {rateOf(run.rows.find(row => row.id === "none"))}
      </td>
      <td className="border-line border-t px-2 py-2 text-right align-top">
        {rateOf(fastest)}
        {fastest && <span className="block text-ink-3 text-xs">{benchmarkWays[fastest.id].label}</span>}
      </td>
    </tr>
  );
}
