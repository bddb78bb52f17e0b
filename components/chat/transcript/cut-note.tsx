import type { ContextCut } from "@/lib/schema/chat";

/** What the model could no longer see when it gave the answer below. */
export function CutNote({ cut }: { readonly cut: ContextCut }) {
  const count = `${cut.droppedMessages} earlier ${cut.droppedMessages === 1 ? "message" : "messages"}`;
  if (cut.summary === null) {
    return (
      <p className="border-line border-l-2 pl-3 text-ink-3 text-sm">
        The context was full: {count} left out from here on.
      </p>
    );
  }
  return (
    <details className="border-line border-l-2 pl-3 text-ink-3 text-sm">
      <summary>The context was full: {count} summarised from here on.</summary>
      <p className="mt-1 whitespace-pre-wrap text-ink-2">{cut.summary}</p>
    </details>
  );
}
