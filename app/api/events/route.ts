import { eventStreamResponse } from "@/lib/server/web/event-stream";
import { liveStream } from "@/lib/server/web/live-stream";
import { route } from "@/lib/server/web/route-handler";

export const GET = route({
  handle: ({ services, signal }) => eventStreamResponse(liveStream(services.sampler, signal)),
});
