import type { FinishReason, GenerationStats } from "@/lib/schema/generation";
import type { DeliveryOptions } from "@/lib/schema/openai";
import { errorAnswer } from "@/lib/server/system/error-table";
import { formatEvent } from "../event-stream";
import { openAiError } from "../openai-error";
import type { AnswerHead, AnswerPart } from "./answer-request";
import type { AnswerChoice } from "./gather-answer";
import { llamaTimings, openAiUsage } from "./openai-usage";
import type { Dialect } from "./serve-answer";

/** OpenAI knows two reasons for an end without a call: the model stopped, or a limit was reached. */
const finishReasonOf = (reason: FinishReason): "stop" | "length" => (reason === "stop" ? "stop" : "length");

/** How chats and plain completions differ in their wire format. */
interface AnswerShape {
  readonly idPrefix: string;
  readonly object: string;
  readonly chunkObject: string;
  /** The first chunk of a stream, before any text; null for none. */
  readonly opening: object | null;
  /** The chunk that ends a choice. */
  readonly closing: object;
  delta(text: string, thought: boolean): object;
  whole(choice: Pick<AnswerChoice, "text" | "thought">): object;
}

const chatShape: AnswerShape = {
  idPrefix: "chatcmpl-",
  object: "chat.completion",
  chunkObject: "chat.completion.chunk",
  opening: { delta: { role: "assistant", content: null } },
  closing: { delta: {} },
  delta: (text, thought) => ({ delta: thought ? { reasoning_content: text } : { content: text } }),
  whole: ({ text, thought }) => ({
    message: { role: "assistant", content: text, refusal: null, ...(thought !== "" && { reasoning_content: thought }) },
  }),
};

/** A plain completion has no field for reasoning, and no template that would make a model think. */
const completionShape: AnswerShape = {
  idPrefix: "cmpl-",
  object: "text_completion",
  chunkObject: "text_completion",
  opening: null,
  closing: { text: "" },
  delta: text => ({ text }),
  whole: ({ text, thought }) => ({ text: thought + text }),
};

const headOf = ({ id, created, model, fingerprint }: AnswerHead, object: string) => ({
  id,
  object,
  created,
  model,
  system_fingerprint: fingerprint,
});

const openAiDialect = (shape: AnswerShape, delivery: DeliveryOptions, choicesPerPrompt: number): Dialect => ({
  idPrefix: shape.idPrefix,
  whole(all, head) {
    const choices = all.map((choice, index) => ({
      index,
      ...shape.whole(choice),
      logprobs: null,
      finish_reason: finishReasonOf(choice.reason),
    }));
    const stats = all.map(choice => choice.stats);
    const [first] = stats;
    return {
      ...headOf(head, shape.object),
      choices,
      usage: openAiUsage(stats, choicesPerPrompt),
      ...(first !== undefined && { timings: llamaTimings(first) }),
    };
  },
  events: (parts, head) => streamedAnswer(parts, head, shape, delivery, choicesPerPrompt),
});

/** @param choicesPerPrompt so that a prompt counts once, however many choices answer it */
export const openAiChat = (delivery: DeliveryOptions, choicesPerPrompt: number): Dialect =>
  openAiDialect(chatShape, delivery, choicesPerPrompt);

export const openAiCompletion = (delivery: DeliveryOptions, choicesPerPrompt: number): Dialect =>
  openAiDialect(completionShape, delivery, choicesPerPrompt);

/** An error after the start can only be reported inside the stream, as an event that the official client throws. */
async function* streamedAnswer(
  parts: AsyncIterable<AnswerPart>,
  head: AnswerHead,
  shape: AnswerShape,
  { stream_options: options }: DeliveryOptions,
  choicesPerPrompt: number,
): AsyncGenerator<string, void, undefined> {
  const includeUsage = options?.include_usage ?? false;
  const chunkHead = headOf(head, shape.chunkObject);
  const chunk = (index: number, part: object, finishReason: string | null = null, more: object = {}): string =>
    formatEvent({
      ...chunkHead,
      choices: [{ index, ...part, logprobs: null, finish_reason: finishReason }],
      ...(includeUsage && { usage: null }),
      ...more,
    });
  const opened = new Set<number>();
  const finished: GenerationStats[] = [];
  try {
    for await (const part of parts) {
      const { choice } = part;
      // OpenAI's format has no word for it; a comment is ignored by every client that does not look for it.
      if (part.type === "queued") yield `: queued ${part.position}\n\n`;
      else if (shape.opening && !opened.has(choice)) {
        opened.add(choice);
        yield chunk(choice, shape.opening);
      }
      if (part.type === "text") yield chunk(choice, shape.delta(part.text, part.thought));
      if (part.type !== "finished") continue;
      finished[choice] = part.stats;
      yield chunk(choice, shape.closing, finishReasonOf(part.reason), { timings: llamaTimings(part.stats) });
    }
    if (includeUsage) yield formatEvent({ ...chunkHead, choices: [], usage: openAiUsage(finished, choicesPerPrompt) });
  } catch (error) {
    const { status, body } = errorAnswer(error);
    yield formatEvent(openAiError(status, body));
    return;
  }
  yield formatEvent("[DONE]");
}
