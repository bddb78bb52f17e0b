import type { ChatImport, ChatMessage, ChatTree } from "@/lib/schema/chat";
import { errorAnswer, errorCodeOf } from "@/lib/server/web/error-table";
import { ChatInputError } from "./chat-errors";
import type { ChatStore } from "./chat-store";

interface ImportResult {
  imported: number;
  refused: { title: string; reason: string }[];
}

/** Lets other requests in between two chats: a large import must not hold the server. */
const breathe = () => new Promise<void>(resolve => setImmediate(resolve));

/** Takes the chats in, each as one commit. One that is broken is refused by name and does not stop the others. */
export async function importChats(store: ChatStore, { chats }: ChatImport): Promise<ImportResult> {
  const result: ImportResult = { imported: 0, refused: [] };
  for (const tree of chats) {
    try {
      importTree(store, tree);
      result.imported += 1;
    } catch (error) {
      if (errorCodeOf(error) !== "INVALID_INPUT") throw error;
      result.refused.push({ title: tree.chat.title, reason: errorAnswer(error).body.message });
    }
    await breathe();
  }
  return result;
}

/** Ids that are taken are given anew, so that an import never touches a chat that is there. */
function importTree(store: ChatStore, { chat, messages }: ChatTree): void {
  const isTaken = store.knows(chat.id) || messages.some(message => store.hasMessage(message.id));
  const newId = isTaken ? freshIds() : (id: string) => id;
  const ordered = parentsFirst(messages);
  store.transaction(() => {
    const chatId = newId(chat.id);
    store.insertChat({ ...chat, id: chatId, temporary: false, headId: null });
    for (const message of ordered) store.insertMessage(chatId, importedMessage(message, newId));
    const headId = ordered.some(message => message.id === chat.headId) ? chat.headId : (ordered.at(-1)?.id ?? null);
    if (headId !== null) store.restoreHead(chatId, newId(headId), chat.updatedAtMs);
  });
}

function importedMessage(message: ChatMessage, newId: (id: string) => string): ChatMessage {
  return {
    ...message,
    id: newId(message.id),
    parentId: message.parentId === null ? null : newId(message.parentId),
    status: message.status === "pending" ? "interrupted" : message.status,
    cut: message.cut && { ...message.cut, fromMessageId: newId(message.cut.fromMessageId) },
  };
}

function freshIds(): (id: string) => string {
  const ids = new Map<string, string>();
  return id => {
    const known = ids.get(id) ?? crypto.randomUUID();
    ids.set(id, known);
    return known;
  };
}

/** @throws ChatInputError for a message twice, without its parent, or in a circle */
function parentsFirst(messages: readonly ChatMessage[]): ChatMessage[] {
  const children = new Map<string | null, ChatMessage[]>();
  const ids = new Set<string>();
  for (const message of messages) {
    if (ids.has(message.id)) throw new ChatInputError("A message is in it twice.");
    ids.add(message.id);
    children.set(message.parentId, [...(children.get(message.parentId) ?? []), message]);
  }
  const ordered: ChatMessage[] = [...(children.get(null) ?? [])];
  for (const message of ordered) ordered.push(...(children.get(message.id) ?? []));
  if (ordered.length !== messages.length) throw new ChatInputError("A message follows one that is not in it.");
  return ordered;
}
