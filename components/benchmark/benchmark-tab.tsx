"use client";
import { commandBenchmark, useBenchmark } from "@/lib/client/planning/benchmark-store";
import { BenchmarkPanel } from "./benchmark-panel";
import { BenchmarkProblem } from "./benchmark-problem";

/** The benchmark of this machine. It needs only width from the page around it. */
export function BenchmarkTab() {
  const { data: state, error } = useBenchmark();
  return (
    <div className="@container flex min-w-0 flex-col gap-4">
      {error !== null && <BenchmarkProblem problem={error} />}
      {state !== null && (
        <BenchmarkPanel
          state={state}
          onStart={() => void commandBenchmark("start")}
          onCancel={() => void commandBenchmark("cancel")}
        />
      )}
      {state === null && error === null && <p className="text-ink-3 text-sm">Reading earlier benchmarks…</p>}
    </div>
  );
}
