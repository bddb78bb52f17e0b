import { chatImportSchema } from "@/lib/schema/chat";
import { importChats } from "@/lib/server/chat/chat-import";
import { route } from "@/lib/server/compose/route";

export const POST = route({
  body: chatImportSchema,
  handle: async ({ body, services: { chats, runs } }) => {
    const result = await importChats(chats.kept, body, chatId => runs.find(chatId) !== null);
    chats.announce();
    return result;
  },
});
