"use client";
import { type FormEvent, useState } from "react";
import { errorBody } from "@/lib/client/api-request";
import { sendMessage } from "@/lib/client/chat-actions";
import { isUsable, useSession } from "@/lib/client/chat-session";
import { AttachmentChip } from "./attachment-chip";
import { ComposerField } from "./composer-field";
import { ComposerToolbar } from "./composer-toolbar";
import { ContextWarning } from "./context-warning";
import { EngineBanner } from "./engine-banner";
import { TemplateNote } from "./template-note";
import { useAttachments } from "./use-attachments";
import { useContextUse } from "./use-context-use";
import { useDraftText } from "./use-draft-text";

/** Where a message is written. It stays usable while the model loads or another answer is made. */
export function Composer() {
  const [text, setText] = useDraftText();
  const { attachments, addFiles, remove, clear } = useAttachments();
  const [problem, setProblem] = useState<string | null>(null);
  const canWrite = useSession(isUsable);
  const answering = useSession(session => session.answering);
  const use = useContextUse(text, attachments);
  const isEmpty = text.trim() === "" && attachments.length === 0;
  const canSend = canWrite && !answering && !isEmpty && use?.draftTooLong !== true;

  const send = async (event?: FormEvent) => {
    event?.preventDefault();
    if (!canSend) return;
    const before = { text, attachments };
    setText("");
    clear();
    setProblem(null);
    try {
      await sendMessage(before.text.trim(), before.attachments);
    } catch (error) {
      setText(before.text);
      addFiles(before.attachments);
      const { message, next } = errorBody(error);
      setProblem(next === undefined ? message : `${message} ${next}`);
    }
  };
  return (
    <div className="px-3 pb-3 sm:px-5 sm:pb-4">
      <div className="mx-auto flex max-w-[744px] flex-col gap-2">
        <EngineBanner />
        <TemplateNote />
        <ContextWarning use={use} />
        {problem !== null && (
          <p role="alert" className="rounded-control bg-bad-soft px-3 py-2 text-bad text-sm">
            {problem}
          </p>
        )}
        <form
          onSubmit={send}
          onDragOver={event => event.preventDefault()}
          onDrop={event => {
            event.preventDefault();
            addFiles(event.dataTransfer.files);
          }}
          className="@container rounded-[14px] border border-line-strong bg-surface px-3.5 pt-3 pb-2 shadow-card focus-within:border-accent"
        >
          {attachments.length > 0 && (
            <div className="mb-2 flex flex-wrap gap-2">
              {attachments.map(attachment => (
                <AttachmentChip key={attachment.name} attachment={attachment} onRemove={() => remove(attachment)} />
              ))}
            </div>
          )}
          <ComposerField text={text} onChange={setText} onSend={() => void send()} onFiles={addFiles} />
          <ComposerToolbar use={use} canSend={canSend} onFiles={addFiles} />
        </form>
      </div>
    </div>
  );
}
