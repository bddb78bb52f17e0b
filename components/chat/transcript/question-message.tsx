"use client";
import { Pencil } from "lucide-react";
import { lazy, Suspense, startTransition, useState } from "react";
import { LongText } from "@/components/chat/markdown/long-text";
import { sendMessage } from "@/lib/client/chat/chat-actions";
import { useSession } from "@/lib/client/chat/chat-session";
import type { ShownMessage } from "@/lib/client/chat/chat-tree";
import { CopyAction } from "./copy-action";
import { MessageAction } from "./message-action";
import { VersionArrows } from "./version-arrows";

const SentFiles = lazy(() => import("./sent-files"));
const MessageEditor = lazy(() => import("./message-editor"));

/** What the user said. Editing it makes a new version with its own branch. */
export function QuestionMessage({ row }: { readonly row: ShownMessage }) {
  const { message } = row;
  const [isEditing, setEditing] = useState(false);
  const answering = useSession(session => session.answering);
  if (isEditing) {
    return (
      <Suspense>
        <MessageEditor
          text={message.text}
          saveLabel="Send"
          onSave={text => sendMessage(text, message.attachments, message)}
          onDone={() => setEditing(false)}
        />
      </Suspense>
    );
  }
  return (
    <>
      <div className="ml-auto flex w-fit max-w-[85%] flex-col items-end gap-2">
        {message.attachments.length > 0 && (
          <Suspense>
            <SentFiles attachments={message.attachments} />
          </Suspense>
        )}
        {message.text !== "" && (
          <LongText
            text={message.text}
            className="rounded-[14px_14px_4px_14px] border border-line bg-sunken px-3.5 py-2"
          />
        )}
      </div>
      <div className="flex items-center justify-end gap-0.5 text-ink-3">
        <VersionArrows row={row} />
        <CopyAction text={() => message.text} />
        {!answering && (
          <MessageAction label="Edit" onClick={() => startTransition(() => setEditing(true))}>
            <Pencil aria-hidden size={14} />
          </MessageAction>
        )}
      </div>
    </>
  );
}
