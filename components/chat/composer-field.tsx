"use client";
import { type ClipboardEvent, type KeyboardEvent, useEffect, useRef } from "react";
import { stopAnswer } from "@/lib/client/chat-actions";
import { isUsable, useSession } from "@/lib/client/chat-session";
import { isComposing } from "@/lib/client/is-composing";
import { showFailure } from "./show-failure";
import { useGrowingTextarea } from "./use-growing-textarea";

interface ComposerFieldProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly onSend: () => void;
  readonly onFiles: (files: Iterable<File>) => void;
}

export const COMPOSER_ID = "composer";

/** Enter sends, but not while an input method composes; Shift and Enter break the line; Escape stops the answer. */
export function ComposerField({ text, onChange, onSend, onFiles }: ComposerFieldProps) {
  const fieldRef = useRef<HTMLTextAreaElement>(null);
  const answering = useSession(session => session.answering);
  const canWrite = useSession(isUsable);
  useGrowingTextarea(fieldRef, text);
  // What was pressed is gone (a starter, Stop, Continue, Regenerate): the keyboard goes on here and not at the page's top.
  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer's beginning and end take buttons away.
  useEffect(() => {
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (isLost && window.matchMedia("(pointer: fine)").matches) fieldRef.current?.focus({ preventScroll: true });
  }, [answering]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Escape" && answering) stopAnswer().catch(showFailure("The answer was not stopped"));
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    onSend();
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    onFiles(event.clipboardData.files);
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
      onChange={event => onChange(event.target.value)}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    />
  );
}
