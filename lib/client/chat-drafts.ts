import { ChatDraft } from "./chat-draft";
import type { ChatSession } from "./chat-session";
import { browserDraftStorage } from "./draft-storage";

/** Chats that the server does not know yet share one draft: it is there in the next new chat. */
const NEW_CHAT = "new";

/** What a file is, and how its text is encoded, is nobody's question before there is one. */
const read = async (file: File) => (await import("./chat-attachments")).readAttachment(file);

const drafts = new Map<string, ChatDraft>();

function draftAt(key: string, isKept: boolean): ChatDraft {
  const draft = drafts.get(key) ?? new ChatDraft(key, isKept, { storage: browserDraftStorage, read });
  drafts.set(key, draft);
  return draft;
}

/** The draft of the open chat. A temporary chat's is kept nowhere. */
export function draftOf({ chat, phase }: Pick<ChatSession, "chat" | "phase">): ChatDraft {
  return draftAt(phase === "new" && !chat.temporary ? NEW_CHAT : chat.id, !chat.temporary);
}

/** The new chat has become one with an id: what is written in it belongs there. */
export function moveNewDraft(chatId: string): void {
  const draft = drafts.get(NEW_CHAT);
  if (draft === undefined) return;
  drafts.delete(NEW_CHAT);
  drafts.set(chatId, draft);
  draft.moveTo(chatId);
}

export const forgetDraft = (chatId: string): unknown => drafts.delete(chatId);

/** A deleted chat leaves nothing in the browser; as long as the deletion can be taken back, its draft can, too. */
export const keepDraft = (chatId: string, isKept: boolean): void => draftAt(chatId, true).keep(isKept);
