import { importChats } from "@/lib/schema/api/chats";
import { importChats as takeChats } from "@/lib/server/chat/chat-import";
import { route } from "@/lib/server/compose/route";

export const POST = route(importChats, async ({ body, services: { chats, runs } }) => {
  const answer = await takeChats(chats.kept, body, chatId => runs.find(chatId) !== null);
  chats.announce();
  return answer;
});
