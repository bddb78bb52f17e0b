/** Proxies and browsers give up on a stream that is silent for longer. */
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVE = ": still here\n\n";

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

export const eventStreamResponse = (stream: ReadableStream<Uint8Array>): Response =>
  new Response(stream, { headers: streamHeaders });

/** One server-sent event; without a name it is OpenAI's kind. */
export const formatEvent = (data: unknown, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

/**
 * Texts as they come, read only as fast as the client takes them. `gone` is aborted when the client leaves: ending the
 * source alone would wait for its next text, and the engine would go on until then.
 */
export function pulledStream(source: AsyncIterable<string>, gone: AbortController): ReadableStream<Uint8Array> {
  const texts = source[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  gone.signal.addEventListener("abort", () => clearInterval(keepAlive), { once: true });
  return new ReadableStream<Uint8Array>({
    start(controller) {
      keepAlive = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(KEEP_ALIVE));
      }, KEEP_ALIVE_MS);
    },
    async pull(controller) {
      const { done, value } = await texts.next();
      if (!done) return controller.enqueue(encoder.encode(value));
      clearInterval(keepAlive);
      controller.close();
    },
    async cancel() {
      gone.abort();
      await texts.return?.();
    },
  });
}
