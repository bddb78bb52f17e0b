import { randomUUID } from "node:crypto";
import type { ApiKeys } from "@/lib/server/access/api-keys";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { EventStream } from "../event-stream";
import type { KeptStreams } from "../kept-streams";
import type { Caller } from "../route";
import { type Answerer, answerParts } from "./answer-parts";
import type { AnswerHead, AnswerPart, AnswerRequest } from "./answer-request";
import { answeringModel, chooseModel, type NamedModels, requireSameModel } from "./choose-model";
import { type AnswerChoice, gatherAnswer } from "./gather-answer";

/** How one API writes an answer. Its requests are translated to an AnswerRequest, and this translates back. */
export interface Dialect {
  /** Begins the ids of its answers: "chatcmpl-". */
  readonly idPrefix: string;
  whole(choices: readonly AnswerChoice[], head: AnswerHead): object;
  /** The whole text of the event stream, with its end. A failure of `parts` is an event too. */
  events(parts: AsyncIterable<AnswerPart>, head: AnswerHead): AsyncIterable<string>;
}

/** A request for an answer, as its route got it. */
export interface AnswerCall {
  readonly body: { readonly stream?: boolean | null | undefined };
  readonly services: NamedModels & {
    readonly host: Answerer;
    readonly engine: Pick<EngineSupervisor, "snapshot">;
    readonly access: { readonly apiKeys: Pick<ApiKeys, "noteAnswer"> };
    readonly keptStreams: Pick<KeptStreams, "keep">;
  };
  readonly signal: AbortSignal;
  /** With it, a streamed answer goes on when the client leaves, and is kept for a while. */
  readonly conversationId: string | null;
  /** Waits for its turn, and the key counts the answer's tokens. */
  readonly caller: Caller;
}

interface AnswerToServe {
  readonly request: AnswerRequest;
  readonly dialect: Dialect;
  /** Fields of the client's request that mean nothing here. */
  readonly ignoredFields: readonly string[];
}

/** Longer ones are not a client's name for a conversation. */
const MOST_ID_CHARACTERS = 512;

/** Answers one request of any dialect, whole or as a stream. When the client leaves, the generation ends, unless it is to be kept. */
export async function serveAnswer(
  { body: { stream }, services, signal, caller, conversationId: id }: AnswerCall,
  { request, dialect, ignoredFields }: AnswerToServe,
): Promise<Response | EventStream> {
  const chosen = await chooseModel(request.model, services);
  const head = {
    id: `${dialect.idPrefix}${randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: answeringModel(services),
    // The first request of all starts the engine, and only then it is known.
    get fingerprint() {
      const { info, other } = services.host.snapshot();
      return other?.engineName ?? info?.llamaCppRelease ?? "unknown";
    },
  };
  const headers = warningHeader(ignoredFields);
  const { keyId, name } = caller;
  const keptId = stream && id !== null && id !== "" && id.length <= MOST_ID_CHARACTERS ? id : null;
  // A kept answer goes on without its client.
  const keeping = keptId === null ? null : new AbortController();
  const answered = answerParts(services.host, request, keeping?.signal ?? signal, {
    caller: name,
    ...(chosen !== null && { onTurn: () => requireSameModel(chosen, services) }),
  });
  const parts = keyId === null ? answered : countedBy(keyId, services.access.apiKeys, answered);
  if (stream) {
    const texts = dialect.events(await begun(parts), head);
    if (keptId === null || keeping === null) return new EventStream(texts, headers);
    const stop = () => keeping.abort();
    const kept = services.keptStreams.keep(keyId, keptId, texts, stop);
    if (kept !== null) return new EventStream(kept.from(0, signal), headers, false);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    return new EventStream(texts, headers);
  }
  const choices = await gatherAnswer(parts, request.prompts.length * request.choicesPerPrompt);
  return Response.json(dialect.whole(choices, head), { headers });
}

/** The key counts each choice when it ends; one that is cut off, because its client left, with what came until then. */
async function* countedBy(
  keyId: string,
  apiKeys: Pick<ApiKeys, "noteAnswer">,
  parts: AsyncIterable<AnswerPart>,
): AsyncGenerator<AnswerPart, void, undefined> {
  const begun = new Map<number, { promptTokens: number; generatedTokens: number }>();
  try {
    for await (const part of parts) {
      const sofar = begun.get(part.choice) ?? { promptTokens: 0, generatedTokens: 0 };
      if (part.type === "prefill") begun.set(part.choice, { ...sofar, promptTokens: part.doneTokens });
      if (part.type === "text")
        begun.set(part.choice, { ...sofar, generatedTokens: sofar.generatedTokens + part.tokens });
      if (part.type === "finished") {
        begun.delete(part.choice);
        apiKeys.noteAnswer(keyId, part.stats);
      }
      yield part;
    }
  } finally {
    for (const tokens of begun.values()) apiKeys.noteAnswer(keyId, tokens);
  }
}

/** A header holds only plain characters, and a client may send any number of fields with any name. */
const MAX_NAMED_FIELDS = 20;
const NOT_IN_NAMES = /[^\w.[\]-]/g;
const MAX_NAME_CHARACTERS = 64;

/** 299 is the code of a lasting warning. @see RFC 7234, 5.5 */
function warningHeader(ignored: readonly string[]): Record<string, string> {
  if (ignored.length === 0) return {};
  const names = ignored
    .slice(0, MAX_NAMED_FIELDS)
    .map(name => name.replace(NOT_IN_NAMES, "?").slice(0, MAX_NAME_CHARACTERS));
  return { warning: `299 headroom "Ignored: ${names.join(", ")}"` };
}

/** Errors that are known at once (a prompt that is too long, an engine that has given up) are known within this time. */
const REFUSED_WITHIN_MS = 300;

/**
 * Waits a moment for the first message, so that an immediate failure is answered with a status instead of inside a stream. It waits no
 * longer, because the client should get its headers and signs of life while another answer is written or a prompt is read.
 */
async function begun<Item>(items: AsyncGenerator<Item, void>): Promise<AsyncIterable<Item>> {
  const first = items.next();
  // Inside the stream a failure is reported there. Until the stream is read, it must not count as an unhandled rejection.
  first.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, REFUSED_WITHIN_MS);
  });
  await Promise.race([first, late]).finally(() => clearTimeout(timer));
  const coming = [first];
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => coming.pop() ?? items.next(),
      return: () => items.return(),
    }),
  };
}
