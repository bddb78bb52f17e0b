"use client";
import { type ClipboardEvent, type KeyboardEvent, useRef, useState } from "react";
import { useGrowingTextarea } from "@/components/chat/composer/use-growing-textarea";
import { Button } from "@/components/ui/button";
import { showFailure } from "@/components/ui/toast/show-failure";
import { showToast } from "@/components/ui/toast/toast";
import { isTooMuchForField } from "@/lib/client/attachments/pasted-text";
import { isComposing } from "@/lib/client/is-composing";

interface MessageEditorProps {
  readonly text: string;
  readonly saveLabel: string;
  readonly onSave: (text: string) => Promise<void>;
  readonly onDone: () => void;
}

/** A message in a field. Ctrl or Cmd with Enter saves; Escape discards the changes. */
export default function MessageEditor({ text, saveLabel, onSave, onDone }: MessageEditorProps) {
  const [draft, setDraft] = useState(text);
  const fieldRef = useRef<HTMLTextAreaElement>(null);
  useGrowingTextarea(fieldRef, draft);
  const save = () => {
    if (draft.trim() === "") return;
    onDone();
    onSave(draft).catch(showFailure("The message was not changed"));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    if (event.key === "Escape") onDone();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData.getData("text/plain");
    if (!isTooMuchForField(pasted, draft.length)) return;
    event.preventDefault();
    const count = pasted.length.toLocaleString("en-US");
    const description = `${count} characters are too many to edit here. Paste them into a new message: they become a file of it.`;
    showToast({ title: "Not pasted", description, tone: "bad" });
  };
  return (
    <div className="flex flex-col gap-2 rounded-card border border-line-strong bg-surface p-3">
      <textarea
        ref={fieldRef}
        aria-label="Edit message"
        dir="auto"
        // biome-ignore lint/a11y/noAutofocus: the user has just asked for the field.
        autoFocus
        className="max-h-[60dvh] w-full resize-none bg-transparent text-chat outline-none"
        value={draft}
        onChange={event => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <div className="flex justify-end gap-2">
        <Button size="sm" onClick={onDone}>
          Cancel
        </Button>
        <Button size="sm" look="primary" onClick={save} disabled={draft.trim() === ""}>
          {saveLabel}
        </Button>
      </div>
    </div>
  );
}
