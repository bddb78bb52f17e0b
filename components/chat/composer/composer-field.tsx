"use client";
import { type ClipboardEvent, type KeyboardEvent, useEffect, useRef } from "react";
import { showFailure } from "@/components/ui/toast/show-failure";
import { stopAnswering } from "@/lib/client/chat/chat-actions";
import type { ChatDraft } from "@/lib/client/chat/chat-draft";
import { isUsable, useSession } from "@/lib/client/chat/chat-session";
import { isComposing } from "@/lib/client/is-composing";
import { useStore } from "@/lib/client/use-store";
import { useGrowingTextarea } from "./use-growing-textarea";

interface ComposerFieldProps {
  readonly draft: ChatDraft;
  /** Takes pasted content that should not go into the field. */
  readonly take: (data: DataTransfer) => boolean;
  readonly onSend: () => void;
}

const COMPOSER_ID = "composer";

export const focusComposer = (): void => document.getElementById(COMPOSER_ID)?.focus();

/**
 * Enter sends, but not while an input method composes. Shift and Enter break the line. Escape cancels a message that
 * waits for its files, or stops the answer.
 */
export function ComposerField({ draft, take, onSend }: ComposerFieldProps) {
  const fieldRef = useRef<HTMLTextAreaElement>(null);
  const { text, files, isWaiting } = useStore(draft.store, state => state);
  const answering = useSession(session => session.answering);
  const canWrite = useSession(isUsable);
  useGrowingTextarea(fieldRef, text);
  // A pressed button may disappear (a starter, Send, Stop, Continue, Regenerate, a file's cross). The focus then moves here, not to the page's top.
  // biome-ignore lint/correctness/useExhaustiveDependencies: buttons disappear when an answer or a wait begins or ends, or a file is removed.
  useEffect(() => {
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (isLost && window.matchMedia("(pointer: fine)").matches) fieldRef.current?.focus({ preventScroll: true });
  }, [answering, isWaiting, files.length]);
  const onEscape = () => {
    if (isWaiting) draft.callOff();
    else if (answering) stopAnswering().catch(showFailure("The answer was not stopped"));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") onEscape();
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    onSend();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (take(event.clipboardData)) event.preventDefault();
  };
  return (
    <textarea
      id={COMPOSER_ID}
      ref={fieldRef}
      rows={1}
      dir="auto"
      readOnly={!canWrite}
      aria-label="Message"
      placeholder="Write a message"
      className="block max-h-[40dvh] w-full resize-none bg-transparent text-chat outline-none placeholder:text-ink-3"
      value={text}
      onChange={event => draft.setText(event.target.value)}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    />
  );
}
