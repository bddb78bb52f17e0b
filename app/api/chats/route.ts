import { createChat, listChats } from "@/lib/schema/api/chats";
import { route } from "@/lib/server/compose/route";

export const GET = route(listChats, ({ services: { chats, runs } }) => ({
  chats: chats.kept.list().map(chat => ({ ...chat, answering: runs.find(chat.id) !== null })),
  notice: chats.kept.notice,
}));

export const POST = route(createChat, ({ body, services }) => ({ chat: services.chats.create(body) }));
