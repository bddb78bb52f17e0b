import * as z from "zod";
import { chatIdSchema } from "@/lib/schema/chat";
import { chatMarkdown, downloadHeaders, exportChat } from "@/lib/server/chat/chat-export";
import { route } from "@/lib/server/compose/route";

export const GET = route({
  params: z.object({ id: chatIdSchema }),
  query: z.strictObject({ format: z.enum(["json", "markdown"]).default("json") }),
  handle: ({ params: { id }, query: { format }, services: { chats } }) => {
    const store = chats.storeOf(id);
    const tree = store.tree(id);
    return format === "json"
      ? new Response(exportChat(tree, Date.now()), { headers: downloadHeaders(tree.chat.title, "json") })
      : new Response(chatMarkdown(tree.chat.title, store.branch(id, tree.chat.headId)), {
          headers: downloadHeaders(tree.chat.title, "md"),
        });
  },
});
