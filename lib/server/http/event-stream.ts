/** Some clients and proxies give up on a stream that is silent for longer than this, and reading a long prompt may take minutes. */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE = ": still here\n\n";

/**
 * Tells the client at once, and every few seconds, that the stream is alive. The first message also sends the response's headers.
 *
 * @returns a function that stops it
 */
export function keepAlive(send: (text: string) => void): () => void {
  send(KEEP_ALIVE);
  const timer = setInterval(() => send(KEEP_ALIVE), KEEP_ALIVE_MS);
  return () => clearInterval(timer);
}

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

export const eventStreamResponse = (
  stream: ReadableStream<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
): Response => new Response(stream, { headers: { ...streamHeaders, ...headers } });

/** One server-sent event. Without a name it has the form that OpenAI uses. */
export const formatEvent = (data: unknown, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

/**
 * Sends texts as they come, read only as fast as the client takes them. `gone` is aborted when the client leaves: ending only
 * the source would wait for its next text, and the engine would keep working until then.
 */
export function pulledStream(source: AsyncIterable<string>, gone: AbortController): ReadableStream<Uint8Array> {
  const texts = source[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let rest = (): void => {};
  gone.signal.addEventListener("abort", () => rest(), { once: true });
  return new ReadableStream<Uint8Array>({
    start(controller) {
      // A client that does not read needs no sign of life: the signs would only pile up.
      rest = keepAlive(text => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(text));
      });
    },
    async pull(controller) {
      const { done, value } = await texts.next();
      if (!done) return controller.enqueue(encoder.encode(value));
      rest();
      controller.close();
    },
    async cancel() {
      gone.abort();
      await texts.return?.();
    },
  });
}
