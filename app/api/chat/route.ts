import { chatRequestSchema } from "@/lib/schema/chat";
import { chatStreamResponse } from "@/lib/server/chat/chat-stream-response";
import { route } from "@/lib/server/web/route-handler";

/** The answer goes on when the client leaves: its end is the engine's, or a stop. */
export const POST = route({
  body: chatRequestSchema,
  handle: ({ body, services }) => chatStreamResponse(services.runs.start(body)),
});
