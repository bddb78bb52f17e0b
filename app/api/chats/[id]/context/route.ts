import { readContextUse } from "@/lib/schema/api/chats";
import { contextUse } from "@/lib/server/chat/chat-context-use";
import { route } from "@/lib/server/compose/route";

export const POST = route(readContextUse, async ({ params, body, services }) => ({
  use: await contextUse(params.id, body, services),
}));
