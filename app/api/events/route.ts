import { eventStreamResponse } from "@/lib/server/event-stream";
import { liveStream } from "@/lib/server/live-stream";
import { route } from "@/lib/server/route-handler";

export const GET = route({
  handle: ({ services, signal }) => eventStreamResponse(liveStream(services.sampler, signal)),
});
