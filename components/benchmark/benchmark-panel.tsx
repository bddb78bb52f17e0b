"use client";
import { useState } from "react";
import { benchmarkSentence } from "@/lib/plan/explain-benchmark";
import { type BenchmarkState, earlierRunOf } from "@/lib/schema/benchmark";
import { BenchmarkHistory } from "./benchmark-history";
import { BenchmarkNotes } from "./benchmark-notes";
import { BenchmarkProblem } from "./benchmark-problem";
import { BenchmarkProgressBar } from "./benchmark-progress-bar";
import { BenchmarkStart } from "./benchmark-start";
import { BenchmarkTable } from "./benchmark-table";

interface BenchmarkPanelProps {
  readonly state: BenchmarkState;
  readonly onStart: () => void;
  readonly onCancel: () => void;
}

export function BenchmarkPanel({ state, onStart, onCancel }: BenchmarkPanelProps) {
  const { running, next, runs, problem } = state;
  const [chosenId, choose] = useState<string | null>(null);
  const shown = runs.find(run => run.id === chosenId) ?? runs[0] ?? null;
  const subject = running === null ? (shown?.subject ?? next?.subject) : next?.subject;
  return (
    <>
      {running === null && shown !== null && (
        <p className="max-w-[75ch] font-semibold text-base text-balance">{benchmarkSentence(shown)}</p>
      )}
      {running === null ? (
        <BenchmarkStart next={next} isFirst={runs.length === 0} onStart={onStart} />
      ) : (
        <BenchmarkProgressBar running={running} onCancel={onCancel} />
      )}
      {problem !== null && running === null && <BenchmarkProblem problem={problem} />}
      {subject !== undefined && (running !== null || shown !== null) && (
        <BenchmarkTable
          subject={subject}
          rows={running?.rows ?? shown?.rows ?? []}
          currentId={running?.wayId ?? null}
          earlier={running === null && shown !== null ? earlierRunOf(shown, runs) : null}
        />
      )}
      {subject !== undefined && <BenchmarkNotes subject={subject} />}
      {runs.length > 1 && running === null && shown !== null && (
        <BenchmarkHistory runs={runs} shownId={shown.id} onChoose={choose} />
      )}
    </>
  );
}
