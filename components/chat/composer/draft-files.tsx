"use client";
import { X } from "lucide-react";
import { AttachmentChip, chipClass } from "@/components/chat/transcript/attachment-chip";
import { isPasted, MAX_FIELD_CHARACTERS } from "@/lib/client/attachments/pasted-text";
import type { DraftFile } from "@/lib/client/chat/chat-draft";
import type { Attachment } from "@/lib/schema/chat";

interface DraftFilesProps {
  readonly files: readonly DraftFile[];
  /** Size of the text that is written beside the files. */
  readonly textCharacters: number;
  readonly onRemove: (file: DraftFile) => void;
  readonly onInsert: (file: DraftFile) => void;
}

/** The files of the message that is being written. Pasted text can go into the field if that stays fast. Its code loads with the first. */
export default function DraftFiles({ files, textCharacters, onRemove, onInsert }: DraftFilesProps) {
  const canInsert = (attachment: Attachment) =>
    isPasted(attachment) && attachment.text.length + textCharacters <= MAX_FIELD_CHARACTERS;
  return (
    <>
      {files.map((file, index) => {
        const { name, attachment } = file;
        const key = `${index} ${name}`;
        const remove = <RemoveFile name={name} onClick={() => onRemove(file)} />;
        if (attachment === null) {
          return (
            <span key={key} className={chipClass}>
              <span aria-hidden className="size-2 shrink-0 rounded-full bg-accent motion-safe:animate-pulse" />
              <span className="truncate text-ink-2">Reading {name}</span>
              {remove}
            </span>
          );
        }
        return (
          <AttachmentChip key={key} attachment={attachment}>
            {canInsert(attachment) && (
              <button
                type="button"
                onClick={() => onInsert(file)}
                className="-mr-1 min-h-6 shrink-0 rounded-control px-1.5 text-accent text-xs hover:bg-sunken"
              >
                Put into the text
              </button>
            )}
            {remove}
          </AttachmentChip>
        );
      })}
    </>
  );
}

function RemoveFile({ name, onClick }: { readonly name: string; readonly onClick: () => void }) {
  return (
    <button
      type="button"
      aria-label={`Remove ${name}`}
      onClick={onClick}
      className="-mr-1.5 grid size-6 shrink-0 place-items-center rounded-full hover:bg-sunken"
    >
      <X aria-hidden size={14} />
    </button>
  );
}
