import { type ChatList, newChatSchema } from "@/lib/schema/chat";
import { route } from "@/lib/server/compose/route";

export const GET = route({
  handle: ({ services: { chats, runs } }): ChatList => ({
    chats: chats.kept.list().map(chat => ({ ...chat, answering: runs.find(chat.id) !== null })),
    notice: chats.kept.notice,
  }),
});

export const POST = route({
  body: newChatSchema,
  handle: ({ body, services }) => ({ chat: services.chats.create(body) }),
});
