import { exportChats } from "@/lib/schema/api/chats";
import { exportChats as chatsJson, downloadHeaders } from "@/lib/server/chat/chat-export";
import { route } from "@/lib/server/compose/route";

export const GET = route(
  exportChats,
  ({ services: { chats } }) =>
    new Response(chatsJson(chats.kept, Date.now()), { headers: downloadHeaders("headroom-chats", "json") }),
);
