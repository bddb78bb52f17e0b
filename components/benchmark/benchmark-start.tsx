import { Button } from "@/components/ui/button";
import { subjectText } from "@/lib/plan/explain-benchmark";
import type { BenchmarkState } from "@/lib/schema/benchmark";
import { formatEstimate } from "@/lib/units/durations";

interface BenchmarkStartProps {
  readonly next: BenchmarkState["next"];
  readonly isFirst: boolean;
  readonly onStart: () => void;
}

/** Says before the start what is measured, how long that takes and what it does to chats meanwhile. */
export function BenchmarkStart({ next, isFirst, onStart }: BenchmarkStartProps) {
  if (next === null)
    return (
      <p className="text-ink-2 text-sm">
        Choose a model that can be loaded, then this computer can be measured with it.
      </p>
    );
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <Button look={isFirst ? "primary" : "plain"} onClick={onStart}>
        {isFirst ? "Measure this computer" : "Measure again"}: {formatEstimate(next.estimateMs)}
      </Button>
      <p className="min-w-56 flex-1 text-ink-2 text-sm">
        {subjectText(next.subject)}. Chats wait until it is done; then everything is loaded as before.
      </p>
    </div>
  );
}
