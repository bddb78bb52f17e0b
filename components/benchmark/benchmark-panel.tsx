"use client";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { benchmarkMeaning, benchmarkSentence, subjectText } from "@/lib/plan/words/explain-benchmark";
import {
  type BenchmarkState,
  type BenchmarkSubject,
  benchmarkWayIds,
  benchmarkWays,
  earlierRunOf,
} from "@/lib/schema/benchmark";
import { formatEstimate } from "@/lib/units/durations";
import { BenchmarkHistory } from "./benchmark-history";
import { BenchmarkProblem } from "./benchmark-problem";
import { BenchmarkProgressBar } from "./benchmark-progress-bar";
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

/** What a person must know to read the figures correctly. */
function BenchmarkNotes({ subject }: { readonly subject: BenchmarkSubject }) {
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

interface BenchmarkStartProps {
  readonly next: BenchmarkState["next"];
  readonly isFirst: boolean;
  readonly onStart: () => void;
}

/** Says before the start what is measured, how long that takes and that chats wait. */
function BenchmarkStart({ next, isFirst, onStart }: BenchmarkStartProps) {
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
