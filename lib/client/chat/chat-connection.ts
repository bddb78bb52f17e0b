import { followAnswer, readChat, startAnswer } from "@/lib/schema/api/chats";
import { blankMessage, type ChatRequest, type RunChunk } from "@/lib/schema/chat";
import { ApiError, apiRequest, apiResponse, errorBody } from "../api-request";
import { clearLiveReply, takeLiveChunk } from "./chat-live-reply";
import { isOpen, openedSession, sessionStore, withMessage, withTree } from "./chat-session";
import { readRunChunks } from "./chat-stream-reader";

/** How often a disconnected tab asks whether the server is back. */
const RECONNECT_MS = 1000;

let connection = new AbortController();

/** Stops following; the answer itself goes on in the server. */
export function disconnect(): void {
  connection.abort();
  connection = new AbortController();
  clearLiveReply();
}

/**
 * Sends a request for an answer and follows it in the background.
 *
 * @throws ApiError when the server refuses it, TypeError when it cannot be reached
 */
export async function requestAnswer(request: ChatRequest): Promise<void> {
  const { signal } = connection;
  const { body } = await apiResponse(startAnswer, { body: request, signal });
  if (body !== null) void follow(request.chatId, body, signal);
}

/** Reads the chat again, and joins the answer that is being made if there is one. */
export async function joinChat(chatId: string): Promise<void> {
  const { signal } = connection;
  await readTree(chatId, signal);
  if (!isOpen(chatId) || !sessionStore.get().answering) return;
  const response = await apiResponse(followAnswer, { params: { id: chatId }, signal });
  if (response.status !== 204 && response.body !== null) return void follow(chatId, response.body, signal);
  // The answer ended between the two requests. If it is still called pending, its end could not be saved.
  await readTree(chatId, signal);
  if (isOpen(chatId)) sessionStore.update(session => ({ ...session, answering: false, replyId: null }));
}

async function readTree(chatId: string, signal: AbortSignal): Promise<void> {
  const tree = await apiRequest(readChat, { params: { id: chatId }, signal });
  if (isOpen(chatId)) sessionStore.update(session => openedSession(session, tree));
}

async function follow(chatId: string, body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
  try {
    for await (const chunk of readRunChunks(body)) {
      if (signal.aborted || !isOpen(chatId)) return;
      take(chunk);
      if (chunk.type === "finish") return;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof TypeError)) throw error;
  }
  await reconnect(chatId, signal);
}

function take(chunk: RunChunk): void {
  takeLiveChunk(chunk);
  if (chunk.type === "start") beginReply(chunk.messageId);
  if (chunk.type === "data-message") {
    const { data } = chunk;
    sessionStore.update(session => withTree(session, { ...session, messages: withMessage(session.messages, data) }));
  }
  if (chunk.type === "data-chat") {
    const { data } = chunk;
    sessionStore.update(session => ({ ...session, chat: data }));
  }
  if (chunk.type === "finish") {
    sessionStore.update(session => ({ ...session, answering: false, replyId: null }));
    clearLiveReply();
  }
}

/** The row in which the answer grows: a new one below the present head, or the continued one. */
function beginReply(replyId: string): void {
  sessionStore.update(session => {
    const known = session.messages.find(({ id }) => id === replyId);
    const reply = known
      ? { ...known, status: "pending" as const, error: null }
      : blankMessage({ id: replyId, parentId: session.headId, role: "assistant", status: "pending" });
    const messages = withMessage(session.messages, reply);
    return withTree({ ...session, answering: true, replyId }, { messages, headId: replyId });
  });
}

/** The stream broke before the answer's end: the server went down, or the connection did. */
async function reconnect(chatId: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && isOpen(chatId)) {
    try {
      await joinChat(chatId);
      return;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) {
        sessionStore.update(session => ({ ...session, phase: "missing", answering: false, error: errorBody(error) }));
        return;
      }
      sessionStore.update(session => ({ ...session, isCutOff: true }));
      await new Promise(resolve => setTimeout(resolve, RECONNECT_MS));
    }
  }
}
