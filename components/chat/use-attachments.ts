"use client";
import { useCallback, useState } from "react";
import { showToast } from "@/components/ui/toast";
import { AttachmentError, readAttachment } from "@/lib/client/chat-attachments";
import type { Attachment } from "@/lib/schema/chat";

interface Attachments {
  readonly attachments: readonly Attachment[];
  /** Files to read, or attachments to have back. */
  readonly addFiles: (files: Iterable<File> | readonly Attachment[]) => void;
  readonly remove: (attachment: Attachment) => void;
  readonly clear: () => void;
}

/** The files of the message that is being written. A file with the name of another one takes its place. */
export function useAttachments(): Attachments {
  const [attachments, setAttachments] = useState<readonly Attachment[]>([]);
  const add = useCallback((attachment: Attachment) => {
    setAttachments(current => [...current.filter(({ name }) => name !== attachment.name), attachment]);
  }, []);
  const addFiles = useCallback(
    (files: Iterable<File> | readonly Attachment[]) => {
      for (const file of files) {
        if (file instanceof File) readAttachment(file).then(add, refuse);
        else add(file);
      }
    },
    [add],
  );
  const remove = useCallback((attachment: Attachment) => {
    setAttachments(current => current.filter(other => other !== attachment));
  }, []);
  const clear = useCallback(() => setAttachments([]), []);
  return { attachments, addFiles, remove, clear };
}

function refuse(error: unknown): void {
  const description = error instanceof AttachmentError ? error.message : "The file could not be read.";
  showToast({ title: "Not attached", description, tone: "bad" });
}
