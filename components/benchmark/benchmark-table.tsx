import { classNames } from "@/components/ui/class-names";
import {
  type BenchmarkRow,
  type BenchmarkRun,
  type BenchmarkSubject,
  type BenchmarkWayId,
  benchmarkWayIds,
  benchmarkWays,
} from "@/lib/schema/benchmark";
import { benchmarkColumns } from "./benchmark-columns";

interface BenchmarkTableProps {
  readonly subject: BenchmarkSubject;
  /** The finished rows. */
  readonly rows: readonly BenchmarkRow[];
  /** The row that is being measured. */
  readonly currentId: BenchmarkWayId | null;
  /** An earlier run of the same kind, to compare with. */
  readonly earlier: BenchmarkRun | null;
}

const remark = "block max-w-80 font-normal text-xs";

/** One table that becomes a list of small ones where space is short: each cell then shows its column's name. */
export function BenchmarkTable({ subject, rows, currentId, earlier }: BenchmarkTableProps) {
  const columns = benchmarkColumns(subject);
  return (
    <table className="block w-full text-sm @xl:table">
      <caption className="sr-only">The four ways side by side</caption>
      <thead className="sr-only @xl:not-sr-only">
        <tr className="text-ink-3 text-xs">
          <th scope="col" className="py-1.5 pr-3 text-left font-normal">
            Way
          </th>
          {columns.map(({ label }) => (
            <th key={label} scope="col" className="px-1.5 py-1.5 text-right align-bottom font-normal last:pr-0">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="block @xl:table-row-group">
        {benchmarkWayIds.map(id => {
          const row = rows.find(done => done.id === id);
          return (
            <tr
              key={id}
              className={classNames(
                "grid grid-cols-2 gap-x-4 gap-y-2 border-line border-t py-3 @sm:grid-cols-3 @xl:table-row @xl:py-0",
                row === undefined && id !== currentId && "text-ink-3",
              )}
            >
              <th scope="row" className="col-span-full text-left font-semibold @xl:py-2.5 @xl:pr-3 @xl:align-top">
                {benchmarkWays[id].label}
                {id === currentId && <span className="ml-2 font-normal text-accent">now</span>}
                <span className="block font-normal text-ink-3 text-xs">
                  {benchmarkWays[id].kvType} cache, flash attention {benchmarkWays[id].flashAttention}
                </span>
                {row?.problem && <span className={`${remark} text-bad`}>{row.problem.message}</span>}
                {row?.lowered && <span className={`${remark} text-warn`}>{row.lowered}</span>}
              </th>
              {columns.map(({ label, cell }) => (
                <td key={label} className="@xl:px-1.5 @xl:py-2.5 @xl:text-right @xl:align-top @xl:last:pr-0">
                  <span className="block text-ink-3 text-xs @xl:hidden">{label}</span>
                  {row === undefined ? "–" : cell(row, { rows, earlier })}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
