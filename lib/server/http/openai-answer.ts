import type { ChatTurn, Sampling } from "@/lib/schema/engine-commands";
import type { FinishReason, GenerationStats } from "@/lib/schema/generation";
import type { ChatCompletionRequest, CompletionSampling, OpenAiMessage } from "@/lib/schema/openai";
import { type SamplingValues, samplingByOpenAiNames, samplingWith } from "@/lib/schema/sampling";
import type { Settings } from "@/lib/schema/settings";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { errorAnswer } from "@/lib/server/system/error-table";
import { RequestError } from "@/lib/server/system/request-error";
import { formatEvent } from "./event-stream";
import { openAiError } from "./openai-error";

const textOf = (content: OpenAiMessage["content"]): string =>
  typeof content === "string" ? content : (content ?? []).map(part => part.text).join("");

/** @throws RequestError when there is nothing to answer */
export function turnsOf(messages: readonly OpenAiMessage[]): ChatTurn[] {
  const turns = messages.map(({ role, content }) => ({
    role: role === "developer" ? ("system" as const) : role,
    content: textOf(content),
  }));
  const last = turns.at(-1);
  if (last === undefined || last.role === "system" || last.content === "")
    throw new RequestError("INVALID_INPUT", "The last message must be the user's or the assistant's, and not empty.");
  return turns;
}

const UINT32 = 2 ** 32;

type ChatOnly = Partial<Pick<ChatCompletionRequest, "max_completion_tokens" | "response_format">>;

/** The request's values; where it has none, those of the settings. */
export function openAiSampling(request: CompletionSampling & ChatOnly, settings: Settings): Sampling {
  const { stop, seed, max_completion_tokens: maxTokens } = request;
  const own = {
    ...samplingByOpenAiNames(request),
    ...(typeof stop === "string" && { stop: [stop] }),
    ...(seed != null && { seed: seed < 0 ? -1 : seed % UINT32 }),
    ...(maxTokens != null && { maxTokens }),
  };
  const jsonSchema = jsonSchemaOf(request.response_format);
  return {
    ...samplingWith(own as Partial<SamplingValues>, settings),
    ...(jsonSchema !== undefined && { jsonSchema }),
  };
}

function jsonSchemaOf(format: ChatCompletionRequest["response_format"]): unknown {
  if (format?.type === "json_schema") return format.json_schema.schema;
  return format?.type === "json_object" ? { type: "object", additionalProperties: true } : undefined;
}

/** OpenAI knows two reasons for an end: the model stopped, or a limit was reached. */
const finishReasonOf = (reason: FinishReason): "stop" | "length" => (reason === "stop" ? "stop" : "length");

const usageOf = ({ promptTokens, cachedTokens, generatedTokens }: GenerationStats) => ({
  prompt_tokens: promptTokens,
  completion_tokens: generatedTokens,
  total_tokens: promptTokens + generatedTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});

/** Identifies the answer; the same in each of its parts. */
export interface AnswerHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** How chats and plain completions differ in their wire format. */
export interface AnswerShape {
  readonly object: string;
  readonly chunkObject: string;
  /** The first part of a stream, before any text; null for none. */
  readonly opening: object | null;
  delta(text: string, thought: boolean): object;
  whole(text: string, thought: string): object;
}

export const chatShape: AnswerShape = {
  object: "chat.completion",
  chunkObject: "chat.completion.chunk",
  opening: { delta: { role: "assistant", content: "" } },
  delta: (text, thought) => ({ delta: thought ? { reasoning_content: text } : { content: text } }),
  whole: (text, thought) => ({
    message: { role: "assistant", content: text, refusal: null, ...(thought !== "" && { reasoning_content: thought }) },
  }),
};

/** A plain completion has no field for reasoning: all of it is text. */
export const completionShape: AnswerShape = {
  object: "text_completion",
  chunkObject: "text_completion",
  opening: null,
  delta: text => ({ text }),
  whole: text => ({ text }),
};

export async function wholeAnswer(messages: AsyncIterable<GenerationMessage>, head: AnswerHead, shape: AnswerShape) {
  const texts = { said: "", thought: "" };
  const splitsThought = shape === chatShape;
  for await (const message of messages) {
    if (message.type === "text") texts[message.thought && splitsThought ? "thought" : "said"] += message.text;
    if (message.type !== "finished") continue;
    const ending = { index: 0, logprobs: null, finish_reason: finishReasonOf(message.reason) };
    const choices = [{ ...ending, ...shape.whole(texts.said, texts.thought) }];
    return { ...head, object: shape.object, choices, usage: usageOf(message.stats) };
  }
  throw new RequestError("ENGINE_CRASHED", "The engine ended without finishing the answer.");
}

/**
 * The answer as server-sent events. An error after the start can only be reported inside the stream, as an event
 * that the official client throws.
 */
export async function* streamedAnswer(
  messages: AsyncIterable<GenerationMessage>,
  head: AnswerHead,
  shape: AnswerShape,
  includeUsage: boolean,
): AsyncGenerator<string, void, undefined> {
  const chunk = (part: object, finishReason: string | null = null): string =>
    formatEvent({
      ...head,
      object: shape.chunkObject,
      choices: [{ index: 0, ...part, logprobs: null, finish_reason: finishReason }],
      ...(includeUsage && { usage: null }),
    });
  try {
    if (shape.opening) yield chunk(shape.opening);
    for await (const message of messages) {
      // OpenAI's format has no word for it; a comment is ignored by every client that does not look for it.
      if (message.type === "queued") yield `: queued ${message.position}\n\n`;
      if (message.type === "text") yield chunk(shape.delta(message.text, message.thought));
      if (message.type !== "finished") continue;
      yield chunk(shape === chatShape ? { delta: {} } : { text: "" }, finishReasonOf(message.reason));
      if (includeUsage)
        yield formatEvent({ ...head, object: shape.chunkObject, choices: [], usage: usageOf(message.stats) });
    }
  } catch (error) {
    const { status, body } = errorAnswer(error);
    yield formatEvent(openAiError(status, body));
    return;
  }
  yield formatEvent("[DONE]");
}
