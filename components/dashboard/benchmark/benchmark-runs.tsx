"use client";
import { Button } from "@/components/ui/button";
import { Menu, MenuChoice } from "@/components/ui/menu";
import { type BenchmarkRun, benchmarkWays, earlierRunOf } from "@/lib/schema/benchmark";
import { formatTokens } from "@/lib/units/tokens";
import { formatWhen } from "../format-when";
import { BenchmarkTable } from "./benchmark-table";

interface BenchmarkRunsProps {
  readonly runs: readonly BenchmarkRun[];
  readonly shown: BenchmarkRun;
  readonly onShow: (id: string) => void;
}

const runName = ({ atMs, subject }: BenchmarkRun): string =>
  `${formatWhen(atMs)} · ${subject.modelName} · ${formatTokens(subject.contextTokens)} tokens`;

/** One kept run with what it was measured on, and the way to the others. */
export function BenchmarkRuns({ runs, shown, onShow }: BenchmarkRunsProps) {
  const earlier = earlierRunOf(shown, runs);
  const { subject } = shown;
  return (
    <div>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <p className="min-w-0 text-ink-2 text-sm">
          {runName(shown)} · {subject.gpuName ?? "CPU"} · {subject.threads} threads
        </p>
        {runs.length > 1 && (
          <Menu trigger={<Button size="sm">Earlier runs</Button>}>
            <MenuChoice
              value={shown.id}
              choices={runs.map(run => ({ value: run.id, label: runName(run) }))}
              onChange={onShow}
            />
          </Menu>
        )}
      </div>
      <BenchmarkTable rows={shown.rows} earlier={earlier} />
      <p className="mt-2 text-ink-3 text-xs">
        {earlier !== null && `Since then: against the same measurement of ${formatWhen(earlier.atMs)}. `}
        {benchmarkWays["kv-cache"].note}
      </p>
    </div>
  );
}
