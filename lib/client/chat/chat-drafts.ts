import { ChatDraft } from "./chat-draft";
import type { ChatSession } from "./chat-session";
import { browserDraftStorage } from "./draft-storage";

/** Chats that the server does not know yet share one draft, which appears in the next new chat. */
const NEW_CHAT = "new";

/** Code that detects file kinds and encodings is loaded only with the first file. */
const read = async (file: File) => (await import("../attachments/chat-attachments")).readAttachment(file);

const drafts = new Map<string, ChatDraft>();

function draftAt(key: string, isKept: boolean): ChatDraft {
  const draft = drafts.get(key) ?? new ChatDraft(key, isKept, { storage: browserDraftStorage, read });
  drafts.set(key, draft);
  return draft;
}

/** The draft of the open chat. A temporary chat's draft is never stored. */
export function draftOf({ chat, phase }: Pick<ChatSession, "chat" | "phase">): ChatDraft {
  return draftAt(phase === "new" && !chat.temporary ? NEW_CHAT : chat.id, !chat.temporary);
}

/** The new chat has received an id: the text written in it now belongs to that id. */
export function moveNewDraft(chatId: string): void {
  const draft = drafts.get(NEW_CHAT);
  if (draft === undefined) return;
  drafts.delete(NEW_CHAT);
  drafts.set(chatId, draft);
  draft.moveTo(chatId);
}

export const forgetDraft = (chatId: string): unknown => drafts.delete(chatId);

/** A deleted chat leaves nothing in the browser. While the deletion can be undone, its draft can be restored too. */
export const keepDraft = (chatId: string, isKept: boolean): void => draftAt(chatId, true).keep(isKept);
