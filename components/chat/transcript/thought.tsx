"use client";
import { Markdown } from "@/components/chat/markdown/markdown";

interface ThoughtProps {
  readonly text: string;
  readonly thoughtMs: number | null;
  readonly isThinking: boolean;
}

function heading({ thoughtMs, isThinking }: ThoughtProps): string {
  if (isThinking) return "Thinking …";
  return thoughtMs === null ? "Thought" : `Thought for ${Math.max(1, Math.round(thoughtMs / 1000))} s`;
}

/** The model's reasoning, folded. Anyone who wants it can open it. */
export function Thought(props: ThoughtProps) {
  return (
    <details className="w-fit max-w-full rounded-card border border-line px-3 py-1.5 text-ink-2 text-sm">
      <summary>{heading(props)}</summary>
      <div className="mt-2 max-h-80 overflow-y-auto">
        <Markdown text={props.text} isStreaming={props.isThinking} />
      </div>
    </details>
  );
}
