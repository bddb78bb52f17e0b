import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { CompletionRequest } from "@/lib/schema/openai";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { SettingsStore } from "@/lib/server/settings/settings-store";
import { RequestError } from "@/lib/server/system/request-error";
import { eventStreamResponse, pulledStream } from "./event-stream";
import { type AnswerShape, streamedAnswer, wholeAnswer } from "./openai-answer";

interface Library {
  readonly settings: Pick<SettingsStore, "read">;
  readonly models: Pick<ModelFiles, "listModels">;
}

interface CompletionToServe {
  readonly services: Library;
  readonly signal: AbortSignal;
  readonly shape: AnswerShape;
  readonly idPrefix: string;
  readonly body: Pick<CompletionRequest, "model" | "stream" | "stream_options">;
  start(signal: AbortSignal): AsyncIterable<GenerationMessage>;
}

/**
 * One model answers at a time, whatever name a client uses: many clients send a fixed name. A name is refused only if it is another
 * model of the library, because the answer would be mistaken for that model's.
 *
 * @throws RequestError MODEL_NOT_FOUND
 */
async function refuseOtherModel(asked: string | null | undefined, { settings, models }: Library): Promise<void> {
  const { MODEL } = settings.read();
  if (!asked || asked === MODEL) return;
  const others = await models.listModels();
  if (!others.some(model => model.name === asked)) return;
  throw new RequestError("MODEL_NOT_FOUND", `${asked} is in the library, but ${MODEL} is the model that is chosen.`);
}

/** Answers one request of OpenAI's API, whole or as a stream. When the client leaves, the generation ends. */
export async function serveCompletion(request: CompletionToServe): Promise<Response> {
  const { model, stream, stream_options: options } = request.body;
  await refuseOtherModel(model, request.services);
  // A client can leave in two ways: it aborts the request, or it stops reading the stream.
  const gone = new AbortController();
  request.signal.addEventListener("abort", () => gone.abort(), { once: true });
  const head = {
    id: `${request.idPrefix}-${randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: request.services.settings.read().MODEL,
  };
  const messages = request.start(gone.signal);
  if (!stream) return Response.json(await wholeAnswer(messages, head, request.shape));
  const events = streamedAnswer(await begun(messages), head, request.shape, options?.include_usage ?? false);
  return eventStreamResponse(pulledStream(events, gone));
}

/** Errors that are known at once (a prompt that is too long, an engine that has given up) are known within this time. */
const REFUSED_WITHIN_MS = 300;

/**
 * Waits a moment for the first message, so that an immediate failure is answered with a status instead of inside a stream. It waits no
 * longer, because the client should get its headers and signs of life while another answer is written or a prompt is read.
 */
async function begun<Item>(items: AsyncIterable<Item>): Promise<AsyncIterable<Item>> {
  const rest = items[Symbol.asyncIterator]();
  const first = rest.next();
  // Inside the stream a failure is reported there. Until the stream is read, it must not count as an unhandled rejection.
  first.catch(() => {});
  const waiting = new AbortController();
  await Promise.race([first, wait(REFUSED_WITHIN_MS, undefined, { signal: waiting.signal })]).finally(() =>
    waiting.abort(),
  );
  return (async function* () {
    const { done, value } = await first;
    if (!done) yield value;
    yield* { [Symbol.asyncIterator]: () => rest };
  })();
}
