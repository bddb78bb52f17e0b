"use client";
import { Pencil, RotateCcw } from "lucide-react";
import { lazy, Suspense, startTransition, useState } from "react";
import { showFailure } from "@/components/ui/toast/show-failure";
import { editReply, regenerate } from "@/lib/client/chat/chat-actions";
import { useSession } from "@/lib/client/chat/chat-session";
import type { ShownMessage } from "@/lib/client/chat/chat-tree";
import { CopyAction } from "./copy-action";
import { MessageAction } from "./message-action";
import { ReplyEnd } from "./reply-end";
import { ReplyFigures } from "./reply-figures";
import { ReplyText } from "./reply-text";
import { VersionArrows } from "./version-arrows";

const MessageEditor = lazy(() => import("./message-editor"));

/** An answer: its text, how it ended, and its actions. */
export function ReplyMessage({ row, isLast }: { readonly row: ShownMessage; readonly isLast: boolean }) {
  const { message } = row;
  const [isEditing, setEditing] = useState(false);
  const isLive = useSession(session => session.answering && session.replyId === message.id);
  if (isEditing) {
    return (
      <Suspense>
        <MessageEditor
          text={message.text}
          saveLabel="Save as new version"
          onSave={text => editReply(message, text)}
          onDone={() => setEditing(false)}
        />
      </Suspense>
    );
  }
  return (
    <>
      <ReplyText message={message} isLive={isLive} />
      {!isLive && <ReplyEnd message={message} isLast={isLast} />}
      {!isLive && <ReplyActions row={row} onEdit={() => startTransition(() => setEditing(true))} />}
    </>
  );
}

function ReplyActions({ row, onEdit }: { readonly row: ShownMessage; readonly onEdit: () => void }) {
  const { message } = row;
  const answering = useSession(session => session.answering);
  const hasText = message.text !== "";
  // An answer without text says so, and offers its own way to continue.
  const canRegenerate = hasText || message.status === "complete";
  const again = () => regenerate(message).catch(showFailure("No other answer was made"));
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <div className="-ml-1.5 flex items-center gap-0.5">
        <VersionArrows row={row} />
        {hasText && <CopyAction text={() => message.text} />}
        {canRegenerate && (
          <MessageAction label="Regenerate" onClick={again} disabled={answering}>
            <RotateCcw aria-hidden size={14} />
          </MessageAction>
        )}
        {hasText && (
          <MessageAction label="Edit" onClick={onEdit} disabled={answering}>
            <Pencil aria-hidden size={14} />
          </MessageAction>
        )}
      </div>
      {message.edited && <span className="text-ink-3 text-xs">Written by you</span>}
      {message.stats && <ReplyFigures stats={message.stats} />}
    </div>
  );
}
