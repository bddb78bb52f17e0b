"use client";
import { X } from "lucide-react";
import { memo } from "react";
import { LoadProgress } from "@/components/chat/composer/load-progress";
import { Markdown } from "@/components/chat/markdown/markdown";
import { Thought } from "@/components/chat/transcript/thought";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/select";
import { useEngine } from "@/lib/client/live-store";
import { useComparedPlan } from "@/lib/client/models/compared-plan";
import type { ErrorBody } from "@/lib/schema/api-error";
import type { ComparisonColumn } from "@/lib/schema/comparison";
import { CompareFacts } from "./compare-facts";
import { answerEnd } from "./compare-words";

interface CompareColumnProps {
  readonly title: string;
  readonly model: string;
  /** Models that are in no column. */
  readonly others: readonly string[];
  readonly answer: ComparisonColumn | null;
  readonly maxTokens: number;
  /** Null while a comparison runs. */
  readonly onChoose: ((model: string) => void) | null;
  /** Null if too few would be left. */
  readonly onLeaveOut: (() => void) | null;
}

/** Characters of a name that the list's box shows. A longer one stands below it. */
const LONGEST_SHOWN = 24;

/** One model: its name, how it would run here, and its answer. */
export function CompareColumn({ title, model, others, answer, maxTokens, onChoose, onLeaveOut }: CompareColumnProps) {
  const { data: plan, error } = useComparedPlan(model);
  const shown = plan ?? answer?.plan ?? null;
  return (
    <li aria-label={`${title}: ${model}`} className="card grid min-w-0 content-start gap-3 p-4">
      <div className="flex min-w-0 items-center gap-2">
        {onChoose === null ? (
          <h2 className="min-h-8 min-w-0 flex-1 content-center font-semibold break-words">{model}</h2>
        ) : (
          <Select
            label={title}
            value={model}
            choices={[model, ...others].map(name => ({ value: name, label: name }))}
            onChange={onChoose}
          />
        )}
        {onLeaveOut !== null && (
          <Button look="quiet" size="icon" aria-label={`Leave out ${model}`} onClick={onLeaveOut}>
            <X aria-hidden size={16} />
          </Button>
        )}
      </div>
      {onChoose !== null && model.length > LONGEST_SHOWN && (
        <p className="-mt-1.5 text-ink-2 text-xs break-words">{model}</p>
      )}
      {shown !== null && <CompareFacts plan={shown} answer={answer} />}
      {shown === null && error !== null && answer?.state.kind !== "failed" && <Sentence problem={error} />}
      {shown === null && error === null && <p className="text-ink-3 text-sm">Planning…</p>}
      {answer !== null && <ColumnAnswer answer={answer} maxTokens={maxTokens} />}
    </li>
  );
}

const Sentence = ({ problem }: { readonly problem: ErrorBody }) => (
  <p role="alert" className="text-sm text-warn break-words">
    {problem.message} {problem.next} <span className="font-mono text-xs">{problem.code}</span>
  </p>
);

interface ColumnAnswerProps {
  readonly answer: ComparisonColumn;
  readonly maxTokens: number;
}

const ColumnAnswer = memo(function ColumnAnswer({ answer, maxTokens }: ColumnAnswerProps) {
  const { model, state, text, thought } = answer;
  const isAnswering = state.kind === "answering";
  const end = answerEnd(answer, maxTokens);
  return (
    <section
      aria-label={`Answer of ${model}`}
      aria-busy={isAnswering}
      className="flex min-w-0 flex-col gap-2 border-line border-t pt-3"
    >
      {state.kind === "waiting" && <p className="text-ink-3 text-sm">Waits for its turn.</p>}
      {state.kind === "stopped" && <p className="text-ink-3 text-sm">Not asked: it was stopped before.</p>}
      {state.kind === "loading" && <ModelLoading />}
      {state.kind === "failed" && <Sentence problem={state.problem} />}
      {isAnswering && text === "" && thought === "" && <p className="text-ink-3 text-sm">Reading the question…</p>}
      {thought !== "" && <Thought text={thought} thoughtMs={null} isThinking={isAnswering && text === ""} />}
      {text !== "" && <Markdown text={text} isStreaming={isAnswering} />}
      {end !== null && <p className="text-ink-3 text-xs">{end}</p>}
    </section>
  );
});

function ModelLoading() {
  const engine = useEngine();
  const percent = engine?.state === "loading" ? Math.round((engine.progress?.fraction ?? 0) * 100) : 0;
  return (
    <div className="flex items-center gap-3 text-ink-2 text-sm">
      Loading <LoadProgress percent={percent} />
    </div>
  );
}
