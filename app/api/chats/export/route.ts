import { downloadHeaders, exportChats } from "@/lib/server/chat/chat-export";
import { route } from "@/lib/server/compose/route";

export const GET = route({
  handle: ({ services: { chats } }) =>
    new Response(exportChats(chats.kept, Date.now()), { headers: downloadHeaders("headroom-chats", "json") }),
});
