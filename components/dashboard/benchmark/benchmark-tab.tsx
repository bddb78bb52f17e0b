"use client";
import { useState } from "react";
import { Empty } from "@/components/ui/empty";
import { useBenchmark } from "@/lib/client/benchmark-store";
import type { BenchmarkState } from "@/lib/schema/benchmark";
import { BenchmarkProgress } from "./benchmark-progress";
import { BenchmarkRuns } from "./benchmark-runs";
import { BenchmarkStart } from "./benchmark-start";
import { BenchmarkTable } from "./benchmark-table";

/** This machine, measured: the same model and context loaded four ways, one after the other. */
export function BenchmarkTab() {
  const { data, error } = useBenchmark();
  if (error !== null) return <Empty>{error.message}</Empty>;
  if (data === null) return <Empty>Reading earlier benchmarks…</Empty>;
  return (
    <div className="flex flex-col gap-4">
      {data.running === null ? <BenchmarkStart state={data} /> : <BenchmarkProgress running={data.running} />}
      {data.running !== null && data.running.rows.length > 0 && (
        <BenchmarkTable rows={data.running.rows} earlier={null} />
      )}
      {data.running === null && <KeptRuns state={data} />}
    </div>
  );
}

function KeptRuns({ state }: { readonly state: BenchmarkState }) {
  const [shownId, setShownId] = useState<string | null>(null);
  const shown = state.runs.find(run => run.id === shownId) ?? state.runs[0];
  if (shown === undefined) return null;
  return <BenchmarkRuns runs={state.runs} shown={shown} onShow={setShownId} />;
}
