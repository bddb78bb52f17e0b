import {
  addMessage,
  createChat,
  deleteChat,
  exportChat,
  exportChats,
  followAnswer,
  importChats,
  listChats,
  patchChat,
  readChat,
  readContextUse,
  searchChats,
  startAnswer,
  stopAnswer,
} from "@/lib/schema/api/chats";
import { contextUse } from "@/lib/server/chat/chat-context-use";
import { chatJson, chatMarkdown, chatsJson, downloadHeaders } from "@/lib/server/chat/chat-export";
import { saveImportedChats } from "@/lib/server/chat/chat-import";
import type { ChatRun } from "@/lib/server/chat/chat-run";
import { EventStream, formatEvent } from "@/lib/server/http/event-stream";
import { route } from "../route";

const MAX_HITS = 50;

export const chatRoutes = [
  route(listChats, ({ services: { chats, runs } }) => ({
    chats: chats.kept.list().map(chat => ({ ...chat, answering: runs.find(chat.id) !== null })),
    notice: chats.kept.notice,
  })),
  route(createChat, ({ body, services }) => ({ chat: services.chats.create(body) })),
  route(readChat, ({ params: { id }, services }) => services.chats.storeOf(id).tree(id)),
  route(patchChat, ({ params: { id }, body, services: { chats } }) => {
    const store = body.deleted === false ? chats.kept : chats.storeOf(id);
    const chat = store.patch(id, body);
    chats.announce();
    return { chat };
  }),
  route(deleteChat, async ({ params: { id }, services: { chats, runs } }) => {
    const store = chats.storeOf(id);
    await runs.stop(id);
    store.remove(id);
    chats.announce();
    return { deleted: true as const };
  }),
  route(addMessage, ({ params: { id }, body, services: { chats } }) => {
    const message = chats.storeOf(id).addEditedReply(id, body);
    chats.announce();
    return { message };
  }),
  route(readContextUse, async ({ params, body, services }) => ({
    use: await contextUse(params.id, body, services),
  })),
  route(exportChat, ({ params: { id }, query: { format }, services: { chats } }) => {
    const store = chats.storeOf(id);
    const tree = store.tree(id);
    return format === "json"
      ? new Response(chatJson(tree, Date.now()), { headers: downloadHeaders(tree.chat.title, "json") })
      : new Response(chatMarkdown(tree.chat.title, store.branch(id, tree.chat.headId)), {
          headers: downloadHeaders(tree.chat.title, "md"),
        });
  }),
  route(
    exportChats,
    ({ services: { chats } }) =>
      new Response(chatsJson(chats.kept, Date.now()), { headers: downloadHeaders("headroom-chats", "json") }),
  ),
  route(importChats, async ({ body, services: { chats, runs } }) => {
    const answer = await saveImportedChats(chats.kept, body, chatId => runs.find(chatId) !== null);
    chats.announce();
    return answer;
  }),
  route(searchChats, ({ query, services: { chats } }) => ({ hits: chats.search(query.q, MAX_HITS) })),
  route(startAnswer, ({ body, services, signal }) => chatStreamResponse(services.runs.start(body), signal)),
  route(followAnswer, ({ params, services, signal }) => {
    services.chats.storeOf(params.id);
    const run = services.runs.find(params.id);
    return run ? chatStreamResponse(run, signal) : new Response(null, { status: 204 });
  }),
  route(stopAnswer, async ({ params, services }) => {
    services.chats.storeOf(params.id);
    return { stopped: await services.runs.stop(params.id) };
  }),
];

/** The AI SDK's client recognises its stream by this. */
const UI_MESSAGE_STREAM = { "x-vercel-ai-ui-message-stream": "v1" };

async function* eventsOf(run: ChatRun, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const chunks = run.follow().getReader();
  signal.addEventListener("abort", () => void chunks.cancel(), { once: true });
  for (;;) {
    const { done, value } = await chunks.read();
    if (done) break;
    yield formatEvent(value);
  }
  yield formatEvent("[DONE]");
}

/** The run as the AI SDK's UI message stream: first what was sent so far, then what comes. The run goes on when the client leaves. */
const chatStreamResponse = (run: ChatRun, signal: AbortSignal): EventStream =>
  new EventStream(eventsOf(run, signal), UI_MESSAGE_STREAM);
