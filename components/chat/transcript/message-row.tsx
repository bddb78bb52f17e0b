"use client";
import { memo } from "react";
import { classNames } from "@/components/ui/class-names";
import type { ShownMessage } from "@/lib/client/chat/chat-tree";
import type { ContextCut } from "@/lib/schema/chat";
import { QuestionMessage } from "./question-message";
import { ReplyMessage } from "./reply-message";

interface MessageRowProps {
  readonly row: ShownMessage;
  readonly isLast: boolean;
}

/** Renders again only when its message or its place among the versions changes. Rows out of view are not laid out. */
export const MessageRow = memo(function MessageRow({ row, isLast }: MessageRowProps) {
  const { message } = row;
  const isUser = message.role === "user";
  return (
    <article
      aria-label={isUser ? "You" : "Reply"}
      data-message-id={message.id}
      tabIndex={-1}
      className={classNames(
        "flex flex-col outline-none [contain-intrinsic-size:auto_160px] [content-visibility:auto]",
        // The row of actions already makes a gap between a question and its answer.
        isUser ? "-mb-4 gap-0.5" : "gap-2",
      )}
    >
      {message.cut && <CutNote cut={message.cut} />}
      {isUser ? <QuestionMessage row={row} /> : <ReplyMessage row={row} isLast={isLast} />}
    </article>
  );
});

/** What the model could no longer see when it gave the answer below. */
function CutNote({ cut }: { readonly cut: ContextCut }) {
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
