"use client";
import { type DragEvent, type FormEvent, lazy, Suspense, useMemo } from "react";
import { sendMessage } from "@/lib/client/chat/chat-actions";
import { attachmentsOf } from "@/lib/client/chat/chat-draft";
import { isFreeToSend, sessionStore, useSession } from "@/lib/client/chat/chat-session";
import { useEngine } from "@/lib/client/live-store";
import { useStore } from "@/lib/client/use-store";
import type { Attachment } from "@/lib/schema/chat";
import { ComposerField, focusComposer } from "./composer-field";
import { ComposerToolbar } from "./composer-toolbar";
import { ContextOverflow } from "./context-overflow";
import { EngineBanner } from "./engine-banner";
import { useContextUse } from "./use-context-use";
import { useDraft } from "./use-draft";

const DraftFiles = lazy(() => import("./draft-files"));

/** While a message waited for its files, another tab may have asked something. */
async function deliver(text: string, attachments: readonly Attachment[]): Promise<void> {
  if (sessionStore.get().answering)
    throw new Error("Not sent: this chat is answering. Send it when the answer is there.");
  await sendMessage(text, attachments);
}

const isBlank = ({ text, files }: { readonly text: string; readonly files: readonly unknown[] }): boolean =>
  text.trim() === "" && files.length === 0;

/** The place to write a message. It stays usable while the model loads or another answer is made. */
export function Composer() {
  const { draft, addFiles, take } = useDraft();
  const { text, files, isWaiting, problem, unkept } = useStore(draft.store, state => state);
  const attachments = useMemo(() => attachmentsOf(files), [files]);
  const isFree = useSession(isFreeToSend);
  const use = useContextUse(text, attachments);
  const isEmpty = isBlank({ text, files });
  const fits = use?.draftTooLong !== true;
  const canSend = isFree && !isEmpty && fits;

  // Reads the stores, not the last render: Enter may be pressed right after the last letter.
  const send = (event?: FormEvent) => {
    event?.preventDefault();
    const now = draft.store.get();
    const mayGo = isFreeToSend(sessionStore.get()) && !isBlank(now) && fits;
    if (mayGo || now.isWaiting) draft.send(deliver);
  };
  const onDrop = (event: DragEvent) => {
    // The browser inserts text that fits the field where it was dropped.
    if (take(event.dataTransfer) || !(event.target instanceof HTMLTextAreaElement)) event.preventDefault();
  };
  return (
    <div className="px-3 pb-3 sm:px-5 sm:pb-4">
      <div className="mx-auto flex max-w-[744px] flex-col gap-2">
        <EngineBanner />
        <TemplateNote />
        <ContextOverflow use={use} />
        {problem !== null && (
          <p role="alert" className="rounded-control bg-bad-soft px-3 py-2 text-bad text-sm">
            {problem}
          </p>
        )}
        <form
          onSubmit={send}
          onDragOver={event => event.preventDefault()}
          onDrop={onDrop}
          className="@container rounded-[14px] border border-line-strong bg-surface px-3.5 pt-3 pb-2 shadow-card focus-within:border-accent"
        >
          <div aria-live="polite" className="mb-2 flex flex-wrap gap-2 empty:mb-0">
            {files.length > 0 && (
              <Suspense>
                <DraftFiles
                  files={files}
                  textCharacters={text.length}
                  onRemove={file => draft.removeFile(file)}
                  onInsert={file => {
                    draft.insertFile(file);
                    focusComposer();
                  }}
                />
              </Suspense>
            )}
          </div>
          <ComposerField draft={draft} take={take} onSend={send} />
          <UnkeptNote words={unkept.files ?? unkept.text} isEmpty={isEmpty} />
          <ComposerToolbar use={use} files={files} isWaiting={isWaiting} canSend={canSend} onFiles={addFiles} />
        </form>
      </div>
    </div>
  );
}

/** Only of interest when there is something to lose. */
function UnkeptNote({ words, isEmpty }: { readonly words: string | null; readonly isEmpty: boolean }) {
  if (words === null || isEmpty) return null;
  return (
    <p role="status" className="mt-1 text-warn text-xs">
      This message is kept only until the page is closed: {words}.
    </p>
  );
}

/** A model that was not made for conversations gives strange answers, and nothing else explains why. */
function TemplateNote() {
  const hasChatTemplate = useEngine()?.hasChatTemplate ?? null;
  if (hasChatTemplate !== false) return null;
  return (
    <p role="status" className="px-1 text-ink-2 text-sm">
      This model has no chat template: it was made to go on with a text, not to answer. Expect it to write on behalf of
      both; a model with “Instruct” or “Chat” in its name answers better.
    </p>
  );
}
