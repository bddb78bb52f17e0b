import * as z from "zod";
import { chatIdSchema } from "@/lib/schema/chat";
import { route } from "@/lib/server/compose/route";

/** Answers when the text so far is saved. */
export const POST = route({
  params: z.object({ id: chatIdSchema }),
  handle: async ({ params, services }) => {
    services.chats.storeOf(params.id);
    return { stopped: await services.runs.stop(params.id) };
  },
});
