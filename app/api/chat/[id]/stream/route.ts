import { followAnswer } from "@/lib/schema/api/chats";
import { route } from "@/lib/server/compose/route";
import { chatStreamResponse } from "@/lib/server/http/chat-stream-response";

export const GET = route(followAnswer, ({ params, services }) => {
  services.chats.storeOf(params.id);
  const run = services.runs.find(params.id);
  return run ? chatStreamResponse(run) : new Response(null, { status: 204 });
});
