import * as z from "zod";
import { chatIdSchema, contextRequestSchema } from "@/lib/schema/chat";
import { contextUse } from "@/lib/server/chat/chat-context-use";
import { route } from "@/lib/server/compose/route";

/** How full the context is with this branch and draft; also for a chat that has no message yet. */
export const POST = route({
  params: z.object({ id: chatIdSchema }),
  body: contextRequestSchema,
  handle: async ({ params, body, services }) => ({ use: await contextUse(params.id, body, services) }),
});
