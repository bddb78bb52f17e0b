import { createHash } from "node:crypto";
import type { ChatImport, ChatImportAnswer, ChatMessage, ImportedChat } from "@/lib/schema/chat";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import { ChatBusyError, ChatInputError } from "./chat-errors";
import type { ChatStore } from "./chat-store";

const TWICE = "A message is in it twice.";

/** Lets other requests in between two chats: a large import must not hold the server. */
const breathe = () => new Promise<void>(resolve => setImmediate(resolve));

/**
 * Imports the chats, each in one commit. A chat that exists already is left alone or replaced. A broken chat is
 * refused by name and does not stop the others.
 *
 * @param isAnswering a chat that is answering is never replaced: its answer would have no place to go
 */
export async function saveImportedChats(
  store: ChatStore,
  { chats, existing }: Pick<ChatImport, "chats" | "existing">,
  isAnswering: (chatId: string) => boolean = () => false,
): Promise<ChatImportAnswer> {
  const answer: ChatImportAnswer = { imported: 0, existing: [], refused: [] };
  for (const imported of chats) {
    const { chat, continues } = imported;
    try {
      if (continues) addMessages(store, imported);
      else if (store.find(chat.id) && existing !== "replace") answer.existing.push(chat.id);
      else {
        if (isAnswering(chat.id)) throw new ChatBusyError();
        insertTree(store, imported);
        answer.imported += 1;
      }
    } catch (error) {
      if (!["INVALID_INPUT", "NOT_FOUND", "BUSY"].includes(errorCodeOf(error))) throw error;
      answer.refused.push({ id: chat.id, title: chat.title, reason: errorAnswer(error).body.message });
    }
    await breathe();
  }
  return answer;
}

function insertTree(store: ChatStore, imported: ImportedChat): void {
  store.transaction(() => {
    store.erase(imported.chat.id);
    store.insertChat({ ...imported.chat, temporary: false, headId: null });
    addMessages(store, imported);
  });
}

function addMessages(store: ChatStore, { chat, messages, continues = false }: ImportedChat): void {
  const idHere = (id: string) => ownIdOf(store, chat.id, id);
  store.transaction(() => {
    for (const message of parentsFirst(messages, continues)) {
      const placed = withIds(message, idHere);
      if (store.ownerOf(placed.id) !== undefined) throw new ChatInputError(TWICE);
      store.insertMessage(chat.id, placed);
    }
    const headId = chat.headId === null ? null : idHere(chat.headId);
    const lastId = messages.at(-1)?.id;
    if (headId !== null && store.ownerOf(headId) === chat.id) store.restoreHead(chat.id, headId, chat.updatedAtMs);
    else if (lastId !== undefined) store.restoreHead(chat.id, idHere(lastId), chat.updatedAtMs);
  });
}

/** An id that a message of another chat already has is replaced, always by the same new id: a long chat arrives in several requests. */
function ownIdOf(store: ChatStore, chatId: string, messageId: string): string {
  const owner = store.ownerOf(messageId);
  if (owner === undefined || owner === chatId) return messageId;
  return createHash("sha256").update(`${chatId} ${messageId}`).digest("base64url");
}

const withIds = (message: ChatMessage, idHere: (id: string) => string): ChatMessage => ({
  ...message,
  id: idHere(message.id),
  parentId: message.parentId === null ? null : idHere(message.parentId),
  status: message.status === "pending" ? "interrupted" : message.status,
  cut: message.cut && { ...message.cut, fromMessageId: idHere(message.cut.fromMessageId) },
});

/**
 * @param continues parents may already be in the store
 * @throws ChatInputError when a message comes twice, lacks its parent, or is part of a circle
 */
function parentsFirst(messages: readonly ChatMessage[], continues: boolean): ChatMessage[] {
  const children = new Map<string | null, ChatMessage[]>();
  const ids = new Set<string>();
  for (const { id } of messages) {
    if (ids.has(id)) throw new ChatInputError(TWICE);
    ids.add(id);
  }
  for (const message of messages) {
    const isFirst = continues && message.parentId !== null && !ids.has(message.parentId);
    const parentId = isFirst ? null : message.parentId;
    children.set(parentId, [...(children.get(parentId) ?? []), message]);
  }
  const ordered: ChatMessage[] = [...(children.get(null) ?? [])];
  for (const message of ordered) ordered.push(...(children.get(message.id) ?? []));
  if (ordered.length !== messages.length) throw new ChatInputError("A message follows one that is not in it.");
  return ordered;
}
