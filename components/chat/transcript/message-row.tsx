"use client";
import { memo } from "react";
import { classNames } from "@/components/ui/class-names";
import type { ShownMessage } from "@/lib/client/chat-tree";
import { CutNote } from "./cut-note";
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
