import * as z from "zod";
import { chatIdSchema, chatPatchSchema } from "@/lib/schema/chat";
import { route } from "@/lib/server/compose/route";

const params = z.object({ id: chatIdSchema });

export const GET = route({
  params,
  handle: ({ params: { id }, services }) => services.chats.storeOf(id).tree(id),
});

export const PATCH = route({
  params,
  body: chatPatchSchema,
  handle: ({ params: { id }, body, services: { chats } }) => {
    const store = body.deleted === false ? chats.kept : chats.storeOf(id);
    const chat = store.patch(id, body);
    chats.announce();
    return { chat };
  },
});

/** An answer in progress is stopped first; `deleted: false` takes it back for a few minutes. */
export const DELETE = route({
  params,
  handle: async ({ params: { id }, services: { chats, runs } }) => {
    const store = chats.storeOf(id);
    await runs.stop(id);
    store.remove(id);
    chats.announce();
    return { deleted: true };
  },
});
