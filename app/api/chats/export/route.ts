import { downloadHeaders, exportChats } from "@/lib/server/chat-export";
import { route } from "@/lib/server/route-handler";

export const GET = route({
  handle: ({ services: { chats } }) =>
    new Response(exportChats(chats.kept, Date.now()), { headers: downloadHeaders("headroom-chats", "json") }),
});
