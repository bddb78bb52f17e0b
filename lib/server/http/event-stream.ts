import { once } from "node:events";
import type { ServerResponse } from "node:http";

/** Some clients and proxies give up on a stream that is silent for longer than this, and reading a long prompt may take minutes. */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE = ": still here\n\n";

const streamHeaders = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** One server-sent event. Without a name it has the form that OpenAI uses. */
export const formatEvent = (data: unknown, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

/** Server-sent events as a route's answer. */
export class EventStream {
  readonly #texts: AsyncIterable<string>;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param texts whole events. Whoever makes them watches the request's signal: it says when the client has left.
   * @param headers in addition to those of every stream
   */
  constructor(texts: AsyncIterable<string>, headers: Readonly<Record<string, string>> = {}) {
    this.#texts = texts;
    this.#headers = headers;
  }

  /**
   * Sends the texts as they come, read only as fast as the client takes them. Tells the client at once, which also sends the headers, and
   * every few seconds that the stream is alive.
   *
   * @param gone aborted when the client leaves. The texts end then by themselves.
   * @throws what the texts throw while the client is there
   */
  async sendTo(response: ServerResponse, gone: AbortSignal): Promise<void> {
    response.writeHead(200, { ...streamHeaders, ...this.#headers });
    if (response.req.method === "HEAD") return void response.end();
    // A client that does not read needs no sign of life: the signs would only pile up.
    const showLife = (): void => void (response.writableNeedDrain || response.write(KEEP_ALIVE));
    showLife();
    const timer = setInterval(showLife, KEEP_ALIVE_MS);
    gone.addEventListener("abort", () => clearInterval(timer), { once: true });
    try {
      for await (const text of this.#texts) {
        if (gone.aborted) return;
        if (!response.write(text)) await once(response, "drain", { signal: gone });
      }
      response.end();
    } catch (error) {
      if (!gone.aborted) throw error;
    } finally {
      clearInterval(timer);
    }
  }
}
