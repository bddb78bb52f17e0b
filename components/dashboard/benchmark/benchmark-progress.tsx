"use client";
import { Button } from "@/components/ui/button";
import { ProgressBar } from "@/components/ui/progress-bar";
import { cancelBenchmark } from "@/lib/client/benchmark-store";
import { type BenchmarkStep, benchmarkWays, type BenchmarkProgress as Progress } from "@/lib/schema/benchmark";
import { formatDuration } from "./format-duration";

const stepWords: Record<BenchmarkStep, string> = {
  planning: "planning",
  loading: "loading",
  measuring: "measuring",
  restoring: "bringing your model back",
};

function progressWords({ wayId, step, cancelling, remainingMs }: Progress): string {
  if (cancelling) return "Cancelling…";
  const what = wayId === null ? stepWords[step] : `${benchmarkWays[wayId].label}: ${stepWords[step]}`;
  return `${what}, about ${formatDuration(remainingMs)} left`;
}

export function BenchmarkProgress({ running }: { readonly running: Progress }) {
  return (
    <div className="flex items-center gap-4">
      <div className="min-w-0 flex-1">
        <p className="mb-1.5 text-sm">{progressWords(running)}</p>
        <ProgressBar label="Benchmark" fraction={running.fraction} />
      </div>
      <Button disabled={running.cancelling} onClick={() => void cancelBenchmark()}>
        Cancel
      </Button>
    </div>
  );
}
