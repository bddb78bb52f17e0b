import type { IncomingMessage } from "node:http";
import { BODY_LIMIT_BYTES } from "./request-guard";

/** A refused body is still read up to this size, so that the sender sees the answer instead of a reset. */
const DRAIN_LIMIT_BYTES = 4 * BODY_LIMIT_BYTES;

/** The header's values in one text; null if it was not sent. */
export const headerOf = (request: IncomingMessage, name: string): string | null =>
  request.headersDistinct[name]?.join(", ") ?? null;

/** Reads and drops the rest of a body. */
export function drain(request: IncomingMessage): void {
  let drainedBytes = 0;
  request.on("data", (chunk: Buffer) => {
    drainedBytes += chunk.length;
    if (drainedBytes > DRAIN_LIMIT_BYTES) request.destroy();
  });
  request.resume();
}
