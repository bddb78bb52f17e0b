import { chatRequestSchema } from "@/lib/schema/chat";
import { route } from "@/lib/server/compose/route";
import { chatStreamResponse } from "@/lib/server/http/chat-stream-response";

/** The answer goes on when the client leaves: its end is the engine's, or a stop. */
export const POST = route({
  body: chatRequestSchema,
  handle: ({ body, services }) => chatStreamResponse(services.runs.start(body)),
});
