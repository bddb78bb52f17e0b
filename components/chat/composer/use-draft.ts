"use client";
import { useMemo } from "react";
import { showToast } from "@/components/ui/toast/toast";
import { AttachmentError, attachPastedText } from "@/lib/client/attachments/attachment";
import { isTooMuchForField, pastedName } from "@/lib/client/attachments/pasted-text";
import type { ChatDraft } from "@/lib/client/chat/chat-draft";
import { draftOf } from "@/lib/client/chat/chat-drafts";
import { useSession } from "@/lib/client/chat/chat-session";

const refuse = (description: string): void => showToast({ title: "Not attached", description, tone: "bad" });

/** Ways for a user to add content to the open chat's message: files, and text that is too long for the field. */
export function useDraft() {
  const draft = useSession(draftOf);
  return useMemo(() => ({ draft, ...intakeOf(draft) }), [draft]);
}

function intakeOf(draft: ChatDraft) {
  const addFiles = (files: Iterable<File>): void => {
    for (const file of files) void draft.addFile(file, refuse);
  };
  const attachText = (text: string): void => {
    const names = draft.store.get().files.map(({ name }) => name);
    try {
      draft.addAttachment(attachPastedText(text, pastedName(names)));
    } catch (error) {
      if (!(error instanceof AttachmentError)) throw error;
      refuse(error.message);
    }
  };
  /** @returns whether it was taken: as files, or as one large text. Otherwise the field handles it. */
  const take = (data: DataTransfer): boolean => {
    const text = data.getData("text/plain");
    const files = [...data.files];
    // Office programs add a picture of the copied text.
    const isTextWithPicture = text !== "" && files.every(({ type }) => type.startsWith("image/"));
    if (files.length > 0 && !isTextWithPicture) addFiles(files);
    else if (isTooMuchForField(text, draft.store.get().text.length)) attachText(text);
    else return false;
    return true;
  };
  return { addFiles, take };
}
