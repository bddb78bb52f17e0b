import { once } from "node:events";
import type { ServerResponse } from "node:http";

/** Some clients and proxies give up on a stream that is silent for longer than this, and reading a long prompt may take minutes. */
export const SIGN_OF_LIFE_MS = 4_000;
/**
 * The first words of an answer often come sooner, and then the headers go with them. A message of their own would wake server and client
 * on the cores that compute those words.
 */
const FIRST_SIGN_OF_LIFE_MS = 250;
export const SIGN_OF_LIFE = ": still here\n\n";

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
  readonly #texts: AsyncIterable<string | Uint8Array>;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #showsLife: boolean;

  /**
   * @param texts whole events. Whoever makes them watches the request's signal: it says when the client has left.
   * @param headers in addition to those of every stream
   * @param showsLife false where the texts hold signs of life themselves
   */
  constructor(
    texts: AsyncIterable<string | Uint8Array>,
    headers: Readonly<Record<string, string>> = {},
    showsLife = true,
  ) {
    this.#texts = texts;
    this.#headers = headers;
    this.#showsLife = showsLife;
  }

  /**
   * Sends the texts as they come, read only as fast as the client takes them. Tells the client soon, which also sends the headers, and
   * every few seconds that the stream is alive.
   *
   * @param gone aborted when the client leaves. The texts end then by themselves.
   * @throws what the texts throw while the client is there
   */
  async sendTo(response: ServerResponse, gone: AbortSignal): Promise<void> {
    response.writeHead(200, { ...streamHeaders, ...this.#headers });
    if (response.req.method === "HEAD") return void response.end();
    // A client that does not read needs no sign of life: the signs would only pile up.
    const showLife = (): void => {
      if (!response.writableNeedDrain) response.write(SIGN_OF_LIFE);
      timer = setTimeout(showLife, SIGN_OF_LIFE_MS);
    };
    let timer = this.#showsLife ? setTimeout(showLife, FIRST_SIGN_OF_LIFE_MS) : undefined;
    const endLife = (): void => clearTimeout(timer);
    if (!this.#showsLife) response.flushHeaders();
    gone.addEventListener("abort", endLife, { once: true });
    try {
      for await (const text of this.#texts) {
        if (gone.aborted) return;
        // Node sends what is written until the next tick in one piece.
        if (!response.write(text)) await once(response, "drain", { signal: gone });
      }
      response.end();
    } catch (error) {
      if (!gone.aborted) throw error;
    } finally {
      endLife();
    }
  }
}
