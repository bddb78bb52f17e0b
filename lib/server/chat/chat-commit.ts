import { blankMessage, type ChatMessage, type ChatRequest, type IncomingMessage } from "@/lib/schema/chat";
import { ChatInputError } from "./chat-errors";
import type { ChatStore } from "./chat-store";

const pendingReply = (parentId: string, nowMs: number): ChatMessage =>
  blankMessage({ id: crypto.randomUUID(), parentId, role: "assistant", status: "pending", createdAtMs: nowMs });

/** @throws ChatInputError when there is nothing in it */
function userMessage({ id, parts }: IncomingMessage, parentId: string | null, nowMs: number): ChatMessage {
  const text = parts.flatMap(part => (part.type === "text" ? [part.text] : [])).join("\n\n");
  const attachments = parts.flatMap(part => (part.type === "data-attachment" ? [part.data] : []));
  if (text.trim() === "" && attachments.length === 0) throw new ChatInputError("The message is empty.");
  return blankMessage({ id, parentId, role: "user", text, attachments, status: "complete", createdAtMs: nowMs });
}

function submit(store: ChatStore, { chatId, message, parentId }: ChatRequest, nowMs: number): ChatMessage {
  if (message.role !== "user") throw new ChatInputError("Only a message of the user can be sent.");
  if (store.hasMessage(message.id)) throw new ChatInputError("This message was sent already.");
  const user = userMessage(message, parentId === undefined ? store.read(chatId).headId : parentId, nowMs);
  const reply = pendingReply(user.id, nowMs);
  store.addExchange(chatId, user, reply);
  return reply;
}

function regenerate(store: ChatStore, { chatId, message }: ChatRequest, nowMs: number): ChatMessage {
  const asked = store.message(chatId, message.id);
  if (asked.role !== "user") throw new ChatInputError("Only a message of the user can be answered again.");
  const reply = pendingReply(asked.id, nowMs);
  store.addExchange(chatId, null, reply);
  return reply;
}

function reopen(store: ChatStore, { chatId, message }: ChatRequest): ChatMessage {
  const { role } = store.message(chatId, message.id);
  if (role !== "assistant") throw new ChatInputError("Only an answer can be continued.");
  store.reopenReply(chatId, message.id);
  return store.message(chatId, message.id);
}

/**
 * Saves what the user asked for before anything is generated.
 *
 * @returns the pending answer to generate next
 */
export function commitRequest(store: ChatStore, request: ChatRequest, nowMs: number): ChatMessage {
  if (request.trigger === "continue-message") return reopen(store, request);
  return request.trigger === "regenerate-message" ? regenerate(store, request, nowMs) : submit(store, request, nowMs);
}
