import type { ModelComparison } from "@/lib/server/comparison/model-comparison";
import { eventStreamResponse, formatEvent, pulledStream } from "./event-stream";

/** A comparison as server-sent events. A page that leaves does not stop it. */
export function comparisonStream(comparison: Pick<ModelComparison, "follow">, signal: AbortSignal): Response {
  const gone = new AbortController();
  async function* texts(): AsyncGenerator<string> {
    for await (const event of comparison.follow(AbortSignal.any([signal, gone.signal]))) yield formatEvent(event);
  }
  return eventStreamResponse(pulledStream(texts(), gone));
}
