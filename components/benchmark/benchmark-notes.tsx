import { benchmarkMeaning } from "@/lib/plan/explain-benchmark";
import { type BenchmarkSubject, benchmarkWayIds, benchmarkWays } from "@/lib/schema/benchmark";

/** What a person must know to read the figures correctly. */
export function BenchmarkNotes({ subject }: { readonly subject: BenchmarkSubject }) {
  return (
    <div className="flex max-w-[90ch] flex-col gap-1 text-ink-2 text-sm">
      <p>{benchmarkMeaning(subject)}</p>
      {benchmarkWayIds.map(id => {
        const { label, note } = benchmarkWays[id];
        return (
          note !== null && (
            <p key={id}>
              {label}: {note}
            </p>
          )
        );
      })}
    </div>
  );
}
