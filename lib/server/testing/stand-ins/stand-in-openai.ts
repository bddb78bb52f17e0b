import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

interface SeenQuestion {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

/** Answers one path. */
export type StandInAnswer = (response: ServerResponse, body: unknown) => void;

export const json =
  (value: unknown, status = 200, headers: Record<string, string> = {}): StandInAnswer =>
  response =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));

/** Events as sse-starlette writes them, with CR LF. A last part that is "cut" breaks the connection off. */
export const events =
  (...parts: readonly (object | string)[]): StandInAnswer =>
  response => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const part of parts) {
      if (part === "cut") return void setTimeout(() => response.destroy(), 20);
      response.write(`data: ${typeof part === "string" ? part : JSON.stringify(part)}\r\n\r\n`);
    }
    response.end();
  };

export const delta = (fields: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
});

/** An answer as vLLM sends it: a thought, a text, and the usage at the end. */
export const helloAnswer = events(
  delta({ role: "assistant", content: "" }),
  delta({ reasoning_content: "A greeting." }),
  delta({ content: "Hello" }),
  delta({ content: " there" }),
  delta({}, "stop"),
  { choices: [], usage: { prompt_tokens: 12, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 8 } } },
  "[DONE]",
);

/** A server with OpenAI's API on this computer, which answers or misbehaves as told, and records what it was asked. */
export class StandInOpenAi {
  readonly seen: SeenQuestion[] = [];
  /** Questions whose client has left before the answer's end. */
  left = 0;
  readonly #answers = new Map<string, StandInAnswer>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.on("/v1/models", json({ data: [{ id: "tiny", owned_by: "vllm", max_model_len: 4096 }] }));
    this.on("/v1/chat/completions", helloAnswer);
  }

  /** @param port any free one unless given: a server that was away comes back at its own */
  static async start(port = 0): Promise<StandInOpenAi> {
    const server = new StandInOpenAi();
    await new Promise<void>(resolve => server.#server.listen(port, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  on(path: string, answer: StandInAnswer): void {
    this.#answers.set(path, answer);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const piece of request.setEncoding("utf8")) text += piece;
    const path = request.url ?? "";
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    this.seen.push({ method: request.method ?? "", path, authorization: request.headers.authorization, body });
    response.once("close", () => {
      if (!response.writableFinished) this.left += 1;
    });
    const answer = this.#answers.get(path) ?? json({ error: { message: "There is no such route." } }, 404);
    answer(response, body);
  }
}
