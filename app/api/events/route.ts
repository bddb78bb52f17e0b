import { followEvents } from "@/lib/schema/api/engine";
import { route } from "@/lib/server/compose/route";
import { eventStreamResponse } from "@/lib/server/http/event-stream";
import { liveStream } from "@/lib/server/http/live-stream";

export const GET = route(followEvents, ({ services, signal }) =>
  eventStreamResponse(liveStream(services.sampler, signal)),
);
