import { Progress } from "@base-ui/react/progress";
import { Button } from "@/components/ui/button";
import { type BenchmarkProgress, type BenchmarkStep, benchmarkWayIds, benchmarkWays } from "@/lib/schema/benchmark";
import { formatEstimate } from "@/lib/units/durations";

const stepWords = {
  planning: "planning",
  loading: "loading",
  measuring: "measuring",
  restoring: "restoring",
} as const satisfies Record<BenchmarkStep, string>;

function doing({ wayId, step, cancelling }: BenchmarkProgress): string {
  if (cancelling) return "Cancelling: putting back what was loaded";
  if (wayId === null) return "Putting back what was loaded";
  return `${benchmarkWayIds.indexOf(wayId) + 1} of ${benchmarkWayIds.length}: ${benchmarkWays[wayId].label}, ${stepWords[step]}`;
}

interface BenchmarkProgressBarProps {
  readonly running: BenchmarkProgress;
  readonly onCancel: () => void;
}

/** The progress in words, the remaining time, and the way to cancel. The time is outside the live region, because it changes all the time. */
export function BenchmarkProgressBar({ running, onCancel }: BenchmarkProgressBarProps) {
  return (
    <div className="flex flex-wrap items-end gap-x-4 gap-y-2">
      <Progress.Root value={Math.round(running.fraction * 100)} aria-label="Benchmark" className="min-w-56 flex-1">
        <div className="mb-1.5 flex flex-wrap justify-between gap-x-4 text-sm">
          <span role="status">{doing(running)}</span>
          <span className="text-ink-2">{formatEstimate(running.remainingMs)} left</span>
        </div>
        <Progress.Track className="h-2 overflow-hidden rounded-full bg-sunken shadow-[inset_0_0_0_1px_var(--line)]">
          <Progress.Indicator className="h-full bg-accent transition-[width] duration-700 ease-linear" />
        </Progress.Track>
      </Progress.Root>
      <Button onClick={onCancel} disabled={running.cancelling}>
        Cancel
      </Button>
    </div>
  );
}
