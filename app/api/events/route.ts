import { route } from "@/lib/server/compose/route";
import { eventStreamResponse } from "@/lib/server/http/event-stream";
import { liveStream } from "@/lib/server/http/live-stream";

export const GET = route({
  handle: ({ services, signal }) => eventStreamResponse(liveStream(services.sampler, signal)),
});
