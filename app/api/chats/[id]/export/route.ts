import { exportChat } from "@/lib/schema/api/chats";
import { exportChat as chatJson, chatMarkdown, downloadHeaders } from "@/lib/server/chat/chat-export";
import { route } from "@/lib/server/compose/route";

export const GET = route(exportChat, ({ params: { id }, query: { format }, services: { chats } }) => {
  const store = chats.storeOf(id);
  const tree = store.tree(id);
  return format === "json"
    ? new Response(chatJson(tree, Date.now()), { headers: downloadHeaders(tree.chat.title, "json") })
    : new Response(chatMarkdown(tree.chat.title, store.branch(id, tree.chat.headId)), {
        headers: downloadHeaders(tree.chat.title, "md"),
      });
});
