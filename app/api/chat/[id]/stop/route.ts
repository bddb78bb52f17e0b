import { stopAnswer } from "@/lib/schema/api/chats";
import { route } from "@/lib/server/compose/route";

export const POST = route(stopAnswer, async ({ params, services }) => {
  services.chats.storeOf(params.id);
  return { stopped: await services.runs.stop(params.id) };
});
