import { followKeptStream, lookUpKeptStreams, stopKeptStream } from "@/lib/schema/api/kept-streams";
import { EventStream } from "@/lib/server/http/event-stream";
import { RequestError } from "@/lib/server/system/request-error";
import { route } from "../route";

const secondsOf = (ms: number | null): number => (ms === null ? 0 : Math.floor(ms / 1000));

export const keptStreamRoutes = [
  route(followKeptStream, ({ query: { conv_id: id, from }, caller: { keyId }, signal, services }) => {
    const stream = services.keptStreams.find(keyId, id);
    if (stream === null) throw new RequestError("NOT_FOUND", "There is no answer with this conv_id, or no longer.");
    if (from < stream.droppedBytes)
      throw new RequestError(
        "INVALID_INPUT",
        `from is ${from}, and the answer is kept only from byte ${stream.droppedBytes} on.`,
      );
    return new EventStream(stream.from(from, signal), {}, false);
  }),
  route(stopKeptStream, ({ query: { conv_id: id }, caller: { keyId }, services }) => {
    services.keptStreams.stop(keyId, id);
    return new Response(null, { status: 204 });
  }),
  route(lookUpKeptStreams, ({ body, caller: { keyId }, services }) =>
    services.keptStreams.named(keyId, body.conversation_ids).map(stream => ({
      conversation_id: stream.id,
      is_done: stream.completedAtMs !== null,
      total_bytes: stream.totalBytes,
      started_at: secondsOf(stream.startedAtMs),
      completed_at: secondsOf(stream.completedAtMs),
    })),
  ),
];
