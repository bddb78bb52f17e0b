import { deleteChat, patchChat, readChat } from "@/lib/schema/api/chats";
import { route } from "@/lib/server/compose/route";

export const GET = route(readChat, ({ params: { id }, services }) => services.chats.storeOf(id).tree(id));

export const PATCH = route(patchChat, ({ params: { id }, body, services: { chats } }) => {
  const store = body.deleted === false ? chats.kept : chats.storeOf(id);
  const chat = store.patch(id, body);
  chats.announce();
  return { chat };
});

export const DELETE = route(deleteChat, async ({ params: { id }, services: { chats, runs } }) => {
  const store = chats.storeOf(id);
  await runs.stop(id);
  store.remove(id);
  chats.announce();
  return { deleted: true as const };
});
