"use client";
import { type FormEvent, useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, FieldTextArea } from "@/components/ui/field";
import { NumberInput } from "@/components/ui/number-input";
import { askModels, isRunning, stopAsking, useComparison } from "@/lib/client/models/comparison-store";
import { type Comparison, comparisonRefusal } from "@/lib/schema/comparison";
import { comparisonSentence } from "./compare-words";

const USUAL_TOKENS = 256;
const MOST_TOKENS = 8192;

interface CompareFormProps {
  readonly models: readonly string[];
  readonly comparison: Comparison | null;
  readonly onAsk: () => void;
}

/** The question for all models, and how far the answers are. */
export function CompareForm({ models, comparison, onAsk }: CompareFormProps) {
  const { isSending, refusal, lost } = useComparison();
  const [typed, setTyped] = useState<string | null>(null);
  const [maxTokens, setMaxTokens] = useState(comparison?.maxTokens ?? USUAL_TOKENS);
  const [isPressed, setPressed] = useState(false);
  const prompt = typed ?? comparison?.prompt ?? "";
  const running = isRunning(comparison);
  // The result of an earlier comparison is about other models.
  const isAboutThese = comparison?.columns.every(({ model }) => models.includes(model)) ?? false;
  const request = { models: [...models], prompt, maxTokens };
  // A missing question is no fault before the press; a model that is chosen twice is.
  const fault = comparisonRefusal(isPressed ? request : { ...request, prompt: "-" });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setPressed(true);
    if (comparisonRefusal(request) !== null) return;
    onAsk();
    void askModels(request);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Field
        label="Question for all"
        help="Each model is loaded with its plan and answers, one after the other; then what is loaded now comes back. Until then, chats wait."
        error={running ? null : fault}
      >
        <FieldTextArea
          rows={2}
          dir="auto"
          value={prompt}
          readOnly={running}
          onChange={event => setTyped(event.target.value)}
        />
      </Field>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        {running ? (
          <Button disabled={isSending || comparison?.phase !== "asking"} onClick={() => void stopAsking()}>
            Stop
          </Button>
        ) : (
          <Button type="submit" look="primary" disabled={isSending}>
            {isSending ? "Waiting for the engine…" : "Ask all"}
          </Button>
        )}
        <span className="flex items-center gap-2 text-ink-2 text-sm">
          <span aria-hidden>Longest answer</span>
          <NumberInput
            label="Longest answer"
            unit="tokens"
            value={maxTokens}
            parse={parseTokens}
            onCommit={setMaxTokens}
            className="w-28"
          />
        </span>
        <p role="status" className="min-w-0 flex-1 basis-64 font-semibold text-sm break-words">
          {comparison !== null && isAboutThese && comparisonSentence(comparison)}
        </p>
      </div>
      {[refusal, lost, comparison?.phase === "over" ? comparison.problem : null].map(
        problem =>
          problem !== null && (
            <p key={problem.message} role="alert" className="rounded-control bg-bad-soft px-3 py-2 text-bad text-sm">
              {problem.message} {problem.next}
            </p>
          ),
      )}
    </form>
  );
}

function parseTokens(text: string): number | null {
  const tokens = Number(text.replaceAll(/[,\s]/g, ""));
  return Number.isInteger(tokens) && tokens >= 1 ? Math.min(tokens, MOST_TOKENS) : null;
}
