"use client";
import { lazy, Suspense, startTransition, useState } from "react";
import { editReply } from "@/lib/client/chat-actions";
import { useSession } from "@/lib/client/chat-session";
import type { ShownMessage } from "@/lib/client/chat-tree";
import { ReplyActions } from "./reply-actions";
import { ReplyEnd } from "./reply-end";
import { ReplyText } from "./reply-text";

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
