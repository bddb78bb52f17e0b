import * as z from "zod";
import { chatIdSchema } from "@/lib/schema/chat";
import { route } from "@/lib/server/compose/route";
import { chatStreamResponse } from "@/lib/server/http/chat-stream-response";

/** Joins the answer that is being made; 204 when there is none. */
export const GET = route({
  params: z.object({ id: chatIdSchema }),
  handle: ({ params, services }) => {
    services.chats.storeOf(params.id);
    const run = services.runs.find(params.id);
    return run ? chatStreamResponse(run) : new Response(null, { status: 204 });
  },
});
