import { addMessage } from "@/lib/schema/api/chats";
import { route } from "@/lib/server/compose/route";

export const POST = route(addMessage, ({ params: { id }, body, services: { chats } }) => {
  const message = chats.storeOf(id).addEditedReply(id, body);
  chats.announce();
  return { message };
});
