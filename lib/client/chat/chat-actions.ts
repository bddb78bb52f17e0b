import * as api from "@/lib/schema/api/chats";
import {
  type Attachment,
  blankChat,
  blankMessage,
  type Chat,
  type ChatMessage,
  type ChatPatch,
  type ChatRequest,
} from "@/lib/schema/chat";
import { ApiError, apiRequest, errorBody } from "../api-request";
import { rememberAddress } from "./chat-address";
import { disconnect, joinChat, requestAnswer } from "./chat-connection";
import { forgetDraft, moveNewDraft } from "./chat-drafts";
import { changeChat, removeChat } from "./chat-list";
import { type ChatSession, isOpen, newSession, sessionStore, withMessage, withTree } from "./chat-session";
import { leafBelow, neighbourVersion } from "./chat-tree";

/** Shows a chat, or a new one for null. Leaving a temporary chat erases it. */
export async function openChat(chatId: string | null): Promise<void> {
  const { chat, phase } = sessionStore.get();
  // A chat that could not be read, or was deleted, may exist again after an undo or an import.
  if (chatId === chat.id && phase !== "failed" && phase !== "missing") return;
  leaveChat();
  if (chatId === null) {
    sessionStore.set(newSession(blankChat(crypto.randomUUID())));
    return;
  }
  sessionStore.set({ ...newSession(blankChat(chatId)), phase: "loading" });
  await readOpened(chatId);
}

/**
 * The page was opened (again). When a person returns from another screen, the open chat is shown with what was written meanwhile.
 */
export function enterChat(chatId: string | null): Promise<void> {
  const { chat, phase } = sessionStore.get();
  // It was begun from another screen and has no address yet.
  if (phase === "new" && chatId === null) return Promise.resolve();
  const wasOpen = phase === "ready" && chatId === null;
  if (!wasOpen && chatId !== chat.id) return openChat(chatId);
  rememberAddress(chat.id);
  return readOpened(chat.id);
}

async function readOpened(chatId: string): Promise<void> {
  try {
    await joinChat(chatId);
  } catch (error) {
    const isCalledOff = error instanceof DOMException && error.name === "AbortError";
    if (isCalledOff || !isOpen(chatId)) return;
    const isMissing = error instanceof ApiError && (error.status === 404 || error.status === 400);
    const phase = isMissing ? "missing" : "failed";
    sessionStore.update(session => ({ ...session, phase, error: errorBody(error) }));
  }
}

/** Reads the open chat again, because another tab has changed it. */
export const refreshChat = (): Promise<void> => readOpened(sessionStore.get().chat.id);

/** The page closes. The answer goes on in the server; a temporary chat does not. */
export function leaveChat(): void {
  disconnect();
  const { chat, phase } = sessionStore.get();
  if (!chat.temporary) return;
  forgetDraft(chat.id);
  if (phase === "ready") void removeChat(chat.id).catch(() => {});
  sessionStore.set(newSession(blankChat(crypto.randomUUID())));
}

/** Changes the open chat: at once if the server knows it, otherwise the change waits until the server does. */
export async function patchOpenChat(patch: ChatPatch): Promise<void> {
  const { chat, phase } = sessionStore.get();
  const { deleted: _deleted, headId: _headId, ...shown } = patch;
  const patched: Chat = { ...chat, ...withoutUndefined(shown) };
  sessionStore.update(session => ({ ...session, chat: patched }));
  if (phase !== "ready") return;
  const saved = await changeChat(chat.id, patch);
  if (isOpen(chat.id)) sessionStore.update(session => ({ ...session, chat: saved }));
}

const withoutUndefined = <Fields extends object>(fields: Fields) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]: Exclude<Fields[Key], undefined>;
  };

export const setTemporary = (temporary: boolean): void =>
  sessionStore.update(session =>
    session.phase === "new" ? { ...session, chat: { ...session.chat, temporary } } : session,
  );

/**
 * Sends a message below the end of the shown branch, or in place of another version of it.
 *
 * @throws ApiError, TypeError; then the transcript is unchanged
 */
export async function sendMessage(
  text: string,
  attachments: readonly Attachment[],
  versionOf?: ChatMessage,
): Promise<void> {
  const before = sessionStore.get();
  const parentId = versionOf ? versionOf.parentId : before.headId;
  const message = blankMessage({
    id: crypto.randomUUID(),
    parentId,
    role: "user",
    status: "complete",
    text,
    attachments: [...attachments],
  });
  sessionStore.update(session =>
    withTree({ ...session, answering: true }, { messages: [...session.messages, message], headId: message.id }),
  );
  try {
    await createIfNew();
    await requestWithChoice({
      chatId: before.chat.id,
      parentId,
      trigger: "submit-message",
      message: {
        id: message.id,
        role: "user",
        parts: [
          ...attachments.map(data => ({ type: "data-attachment" as const, data })),
          ...(text === "" ? [] : [{ type: "text" as const, text }]),
        ],
      },
    });
  } catch (error) {
    const messages = sessionStore.get().messages.filter(({ id }) => id !== message.id);
    sessionStore.update(session => withTree({ ...session, answering: false }, { messages, headId: before.headId }));
    throw error;
  }
}

async function createIfNew(): Promise<void> {
  const { chat, phase } = sessionStore.get();
  if (phase !== "new") return;
  const { id, temporary, systemPrompt, sampling, overflow, folder } = chat;
  const body = { id, temporary, systemPrompt, sampling, overflow, folder };
  const created = await apiRequest(api.createChat, { body });
  if (!temporary) moveNewDraft(id);
  sessionStore.update(session => ({ ...session, phase: "ready", chat: created.chat }));
  if (!temporary) rememberAddress(id);
}

/** Requests another answer to the same question, beside the existing ones. */
export function regenerate(reply: ChatMessage): Promise<void> {
  const { parentId } = reply;
  if (parentId === null) return Promise.resolve();
  const parts = { id: parentId, role: "user" as const, parts: [] };
  return requestAgain({ message: parts, trigger: "regenerate-message" }, parentId);
}

/** Continues an answer that was cut, or makes one that was refused. */
export const continueReply = (reply: ChatMessage): Promise<void> =>
  requestAgain({ message: { id: reply.id, role: "assistant", parts: [] }, trigger: "continue-message" }, reply.id);

/** What to leave out if the next answer does not fit, however that answer is requested; null withdraws the choice. */
export const chooseOverflow = (nextOverflow: ChatSession["nextOverflow"]): void =>
  sessionStore.update(session => ({ ...session, nextOverflow }));

async function requestWithChoice(request: ChatRequest): Promise<void> {
  const { nextOverflow } = sessionStore.get();
  await requestAnswer({ ...request, ...(nextOverflow && { overflow: nextOverflow }) });
  if (isOpen(request.chatId)) chooseOverflow(null);
}

async function requestAgain(request: Omit<ChatRequest, "chatId">, headId: string): Promise<void> {
  const before = sessionStore.get();
  sessionStore.update(session => withTree({ ...session, answering: true }, { messages: session.messages, headId }));
  try {
    await requestWithChoice({ chatId: before.chat.id, ...request });
  } catch (error) {
    sessionStore.update(session =>
      withTree({ ...session, answering: false }, { messages: session.messages, headId: before.headId }),
    );
    throw error;
  }
}

/** Browsers keep six connections to a server. Three tabs that answer use them all, and a request waits for the end of an answer. */
const GIVE_WAY_MS = 1000;

/** The stream reports the end of the answer to every tab. Where no connection is free, the stream's own is given up for the request. */
export async function stopAnswering(): Promise<void> {
  const { chat } = sessionStore.get();
  let gaveWay = false;
  const giveWay = setTimeout(() => {
    gaveWay = isOpen(chat.id);
    if (gaveWay) disconnect();
  }, GIVE_WAY_MS);
  try {
    await apiRequest(api.stopAnswer, { params: { id: chat.id } });
  } finally {
    clearTimeout(giveWay);
    if (gaveWay && isOpen(chat.id)) await joinChat(chat.id);
  }
}

/** Shows the previous or next version of a message, down to that branch's latest end. */
export function showVersion(message: ChatMessage, steps: 1 | -1): void {
  const { messages, chat } = sessionStore.get();
  const versionId = neighbourVersion(messages, message.id, steps);
  if (versionId === null) return;
  const headId = leafBelow(messages, versionId);
  sessionStore.update(session => withTree(session, { messages, headId }));
  void changeChat(chat.id, { headId }).catch(() => {});
}

/** Saves the user's own version of an answer. */
export async function editReply(reply: ChatMessage, text: string): Promise<void> {
  const { chat } = sessionStore.get();
  const { parentId } = reply;
  if (parentId === null) return;
  const { message } = await apiRequest(api.addMessage, {
    params: { id: chat.id },
    body: { id: crypto.randomUUID(), parentId, role: "assistant", text },
  });
  if (!isOpen(chat.id)) return;
  sessionStore.update(session =>
    withTree(session, { messages: withMessage(session.messages, message), headId: message.id }),
  );
}

/** Shows the branch that a message is on and scrolls to it. */
export function revealMessage(messageId: string): void {
  sessionStore.update(session => {
    if (!session.messages.some(({ id }) => id === messageId)) return session;
    const isShown = session.shown.some(({ message }) => message.id === messageId);
    const headId = isShown ? session.headId : leafBelow(session.messages, messageId);
    return { ...withTree(session, { messages: session.messages, headId }), targetId: messageId };
  });
}

export const forgetTarget = (): void => sessionStore.update(session => ({ ...session, targetId: null }));
