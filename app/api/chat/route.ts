import { startAnswer } from "@/lib/schema/api/chats";
import { route } from "@/lib/server/compose/route";
import { chatStreamResponse } from "@/lib/server/http/chat-stream-response";

export const POST = route(startAnswer, ({ body, services }) => chatStreamResponse(services.runs.start(body)));
