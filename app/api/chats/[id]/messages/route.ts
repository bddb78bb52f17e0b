import * as z from "zod";
import { chatIdSchema, newMessageSchema } from "@/lib/schema/chat";
import { route } from "@/lib/server/compose/route";

/** Adds a version of an answer that the user wrote. */
export const POST = route({
  params: z.object({ id: chatIdSchema }),
  body: newMessageSchema,
  handle: ({ params: { id }, body, services: { chats } }) => {
    const message = chats.storeOf(id).addEditedReply(id, body);
    chats.announce();
    return { message };
  },
});
