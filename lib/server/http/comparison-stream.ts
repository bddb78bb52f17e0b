import type { ModelComparison } from "@/lib/server/comparison/model-comparison";
import { EventStream, formatEvent } from "./event-stream";

/** A comparison as server-sent events. A page that leaves does not stop it. */
export function comparisonStream(comparison: Pick<ModelComparison, "follow">, signal: AbortSignal): EventStream {
  async function* texts(): AsyncGenerator<string> {
    for await (const event of comparison.follow(signal)) yield formatEvent(event);
  }
  return new EventStream(texts());
}
