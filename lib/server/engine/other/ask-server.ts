import * as z from "zod";
import { parseJson } from "@/lib/server/system/parse-json";
import { awayError, garbageError, OtherEngineError, refusedError } from "./other-engine-error";

/** A server as it is asked: by an address that its user typed. */
export interface ServerAddress {
  readonly name: string;
  /** Without the /v1 that OpenAI's routes begin with. */
  readonly address: string;
  readonly key: string | null;
}

export interface Question {
  /** Sent as JSON by POST; without it, the question is a GET. */
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
  /** The server may be silent for this long. */
  readonly silenceMs: number;
  /** Named when the server says that it has no such thing. */
  readonly model?: string;
}

/** Answers to short questions, such as for the list of models. */
const MAX_ANSWER_CHARACTERS = 8 * 1024 * 1024;
const MAX_REDIRECTS = 3;

export const whoOf = ({ name, address }: Pick<ServerAddress, "name" | "address">): string => {
  const { host } = new URL(address);
  return name === host ? name : `${name} (${host})`;
};

/**
 * Asks once and gives the answer's body, which ends with an error when the server falls silent.
 *
 * The key goes to the typed address only: a redirect to another origin is refused.
 *
 * @throws OtherEngineError; the signal's reason when it fires
 */
export async function askServer(server: ServerAddress, path: string, question: Question): Promise<Response> {
  const silence = new SilenceTimer(server, question.silenceMs);
  const signal = question.signal ? AbortSignal.any([question.signal, silence.signal]) : silence.signal;
  try {
    const response = await follow(server, new URL(`${server.address}${path}`), question, signal);
    silence.heard();
    if (!response.ok) throw await refusal(server, response, question.model ?? null);
    return new Response(response.body?.pipeThrough(silence.listener()) ?? null, response);
  } catch (error) {
    silence.stop();
    throw asOtherEngineError(error, server, question.signal);
  }
}

/** What went wrong while asking or reading: the caller's own wish to stop, our error, or the network's. */
export function asOtherEngineError(error: unknown, server: ServerAddress, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  return error instanceof OtherEngineError ? error : awayError(whoOf(server), error);
}

/** @throws OtherEngineError when it is not what was expected */
export async function askForJson<Schema extends z.ZodType>(
  server: ServerAddress,
  path: string,
  question: Question,
  schema: Schema,
): Promise<z.output<Schema>> {
  const text = await readText(await askServer(server, path, question), server, question.signal);
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw garbageError(whoOf(server), withoutKey(text, server));
}

export async function readText(response: Response, server: ServerAddress, signal?: AbortSignal): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) {
      text += decoder.decode(piece.value, { stream: true });
      if (text.length > MAX_ANSWER_CHARACTERS) throw garbageError(whoOf(server), withoutKey(text, server));
    }
  } catch (error) {
    await reader?.cancel().catch(() => {});
    throw asOtherEngineError(error, server, signal);
  }
  return text;
}

async function follow(server: ServerAddress, start: URL, { body }: Question, signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      redirect: "manual",
      signal,
      headers: {
        accept: "application/json, text/event-stream",
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(server.key !== null && { authorization: `Bearer ${server.key}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    if (!URL.canParse(location, url)) break;
    url = new URL(location, url);
    if (url.origin === start.origin) continue;
    throw new OtherEngineError(
      "ENGINE_AWAY",
      `${whoOf(server)} sends on to ${url.host}, and only the address that you gave is asked.`,
      "Add that address instead, if you trust it.",
    );
  }
  throw new OtherEngineError("ENGINE_AWAY", `${whoOf(server)} sends from one address to the next without an end.`);
}

const refusalSchema = z.union([
  z.object({ error: z.object({ message: z.string() }) }).transform(({ error }) => error.message),
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ message: z.string() }).transform(({ message }) => message),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
]);

async function refusal(server: ServerAddress, response: Response, model: string | null): Promise<OtherEngineError> {
  const text = await readText(response, server).catch(() => "");
  return refusedError({
    who: whoOf(server),
    model,
    status: response.status,
    text: withoutKey(refusalWords(parseJson(text)) ?? (text.trimStart().startsWith("<") ? "" : text), server),
    retryAfter: response.headers.get("retry-after"),
    hasKey: server.key !== null,
  });
}

/** The sentence of an error in any of the shapes that servers use; null for anything else. */
export const refusalWords = (value: unknown): string | null => refusalSchema.safeParse(value).data ?? null;

/** A server may repeat the key in what it says, and that is shown and logged. */
export const withoutKey = (text: string, { key }: ServerAddress): string =>
  key === null || key === "" ? text : text.replaceAll(key, "(key)");

/** Ends a question when nothing was heard for too long. */
class SilenceTimer {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(server: ServerAddress, silenceMs: number) {
    const seconds = Math.round(silenceMs / 1000);
    const error = new OtherEngineError(
      "ENGINE_AWAY",
      `${whoOf(server)} has sent nothing for ${seconds} s.`,
      "It may be overloaded or hang: look at its log, then try again.",
    );
    this.#timer = setTimeout(() => this.#controller.abort(error), silenceMs).unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Passes everything on, and listens. */
  listener(): TransformStream<Uint8Array, Uint8Array> {
    return new TransformStream({
      transform: (piece, controller) => {
        this.heard();
        controller.enqueue(piece);
      },
      flush: () => this.stop(),
    });
  }
}
