import type { DeliveryOptions } from "@/lib/schema/clients/openai";
import type { FinishReason, GenerationStats, TokenLogprob } from "@/lib/schema/generation";
import { errorAnswer } from "@/lib/server/system/error-table";
import { formatEvent } from "../event-stream";
import { openAiError } from "../openai-error";
import type { AnswerHead, AnswerPart, AnswerRequest } from "./answer-request";
import type { AnswerChoice } from "./gather-answer";
import { chatLogprobs, completionLogprobs } from "./openai-logprobs";
import { llamaTimings, openAiUsage, PromptProgress, RunningTimings } from "./openai-usage";
import type { Dialect } from "./serve-answer";

/** OpenAI knows three reasons for an end: the model stopped, it waits for the results of its calls, or a limit was reached. */
function finishReasonOf(reason: FinishReason, hasCalls: boolean): "stop" | "tool_calls" | "length" {
  if (reason !== "stop") return "length";
  return hasCalls ? "tool_calls" : "stop";
}

/** How chats and plain completions differ in their wire format. */
interface AnswerShape {
  readonly idPrefix: string;
  readonly object: string;
  readonly chunkObject: string;
  /** The first chunk of a stream, before any text; null for none. */
  readonly opening: object | null;
  /** The chunk that ends a choice, or that only reports progress. */
  readonly empty: object;
  delta(text: string, thought: boolean): object;
  whole(choice: Pick<AnswerChoice, "text" | "thought" | "calls">): object;
  logprobs(all: readonly TokenLogprob[]): object;
}

const functionCall = (id: string, name: string, text: string) => ({
  id,
  type: "function",
  function: { name, arguments: text },
});

const chatShape: AnswerShape = {
  idPrefix: "chatcmpl-",
  object: "chat.completion",
  chunkObject: "chat.completion.chunk",
  opening: { delta: { role: "assistant", content: null } },
  empty: { delta: {} },
  delta: (text, thought) => ({ delta: thought ? { reasoning_content: text } : { content: text } }),
  whole: ({ text, thought, calls }) => ({
    message: {
      role: "assistant",
      content: calls.length > 0 && text === "" ? null : text,
      refusal: null,
      ...(thought !== "" && { reasoning_content: thought }),
      ...(calls.length > 0 && { tool_calls: calls.map(call => functionCall(call.id, call.name, call.arguments)) }),
    },
  }),
  logprobs: chatLogprobs,
};

/** A plain completion has no field for reasoning, and no template that would make a model think. */
const completionShape: AnswerShape = {
  idPrefix: "cmpl-",
  object: "text_completion",
  chunkObject: "text_completion",
  opening: null,
  empty: { text: "" },
  delta: text => ({ text }),
  whole: ({ text, thought }) => ({ text: thought + text }),
  logprobs: completionLogprobs,
};

const headOf = ({ id, created, model, fingerprint }: AnswerHead, object: string) => ({
  id,
  object,
  created,
  model,
  system_fingerprint: fingerprint,
});

const openAiDialect = (shape: AnswerShape, delivery: DeliveryOptions, request: AnswerRequest): Dialect => ({
  idPrefix: shape.idPrefix,
  whole(all, head) {
    const wantsLogprobs = request.sampling.topLogprobs !== undefined;
    const choices = all.map((choice, index) => ({
      index,
      ...shape.whole(choice),
      logprobs: wantsLogprobs ? shape.logprobs(choice.logprobs) : null,
      finish_reason: finishReasonOf(choice.reason, choice.calls.length > 0),
    }));
    const stats = all.map(choice => choice.stats);
    const [first] = all;
    return {
      ...headOf(head, shape.object),
      choices,
      usage: openAiUsage(stats, request.choicesPerPrompt),
      ...(first !== undefined && { timings: llamaTimings(first.stats) }),
      ...verboseOf(first?.prompt),
    };
  },
  events: (parts, head) => streamedAnswer(parts, head, shape, delivery, request),
});

/** llama.cpp's server puts more there; this is the part that clients look at. */
const verboseOf = (prompt: string | null | undefined) => (prompt == null ? {} : { __verbose: { prompt } });

export const openAiChat = (delivery: DeliveryOptions, request: AnswerRequest): Dialect =>
  openAiDialect(chatShape, delivery, request);

export const openAiCompletion = (delivery: DeliveryOptions, request: AnswerRequest): Dialect =>
  openAiDialect(completionShape, delivery, request);

interface ChunkPart {
  readonly delta?: object;
  readonly finish_reason?: string | null;
  readonly logprobs?: object | null;
}

/** An error after the start can only be reported inside the stream, as an event that the official client throws. */
async function* streamedAnswer(
  parts: AsyncIterable<AnswerPart>,
  head: AnswerHead,
  shape: AnswerShape,
  delivery: DeliveryOptions,
  { choicesPerPrompt, sampling: { topLogprobs } }: AnswerRequest,
): AsyncGenerator<string, void, undefined> {
  const includeUsage = delivery.stream_options?.include_usage ?? false;
  // The same in every chunk, so it is written out once.
  const chunkHead = JSON.stringify(headOf(head, shape.chunkObject)).slice(0, -1);
  const chunkEnd = includeUsage ? { usage: null } : {};
  const event = (choices: object[], more: object): string =>
    formatEvent(`${chunkHead},${JSON.stringify({ choices, ...more }).slice(1)}`);
  const chunk = (index: number, { finish_reason = null, logprobs = null, ...part }: ChunkPart, more?: object): string =>
    event([{ index, ...part, logprobs, finish_reason }], { ...chunkEnd, ...more });
  const opened = new Set<number>();
  const calls = new Set<string>();
  const calling = new Set<number>();
  const finished: GenerationStats[] = [];
  const progress = new PromptProgress();
  const running = new RunningTimings();
  const prompts: string[] = [];
  try {
    for await (const part of parts) {
      const { choice } = part;
      // OpenAI's format has no word for it; a comment is ignored by every client that does not look for it.
      if (part.type === "queued") {
        yield `: queued ${part.position}\n\n`;
        continue;
      }
      if (part.type === "prompt") prompts[choice] = part.prompt;
      const read = delivery.return_progress ? progress.after(part) : null;
      // The role is sent with the first words: on its own it would say nothing.
      if (shape.opening && !opened.has(choice) && (read !== null || !isAboutPrompt(part))) {
        opened.add(choice);
        yield chunk(choice, shape.opening);
      }
      if (read !== null) yield chunk(choice, shape.empty, { prompt_progress: read });
      const timings = delivery.timings_per_token ? running.after(part) : null;
      if (part.type === "text") {
        // Those of thoughts are in no answer, whole or streamed.
        const logprobs = topLogprobs === undefined || part.thought ? null : shape.logprobs(part.logprobs ?? []);
        yield chunk(choice, { ...shape.delta(part.text, part.thought), logprobs }, timings === null ? {} : { timings });
      }
      if (part.type === "tool-call") {
        yield chunk(choice, { delta: { tool_calls: [callDelta(part, !calls.has(part.callId))] } });
        calls.add(part.callId);
        calling.add(choice);
      }
      if (part.type !== "finished") continue;
      finished[choice] = part.stats;
      const ending = { ...shape.empty, finish_reason: finishReasonOf(part.reason, calling.has(choice)) };
      yield chunk(choice, ending, { timings: llamaTimings(part.stats), ...verboseOf(prompts[choice]) });
    }
    if (includeUsage) {
      const [first] = finished;
      const usage = openAiUsage(finished, choicesPerPrompt);
      yield event([], { usage, ...(first !== undefined && { timings: llamaTimings(first) }) });
    }
  } catch (error) {
    const { status, body } = errorAnswer(error);
    yield formatEvent(openAiError(status, body));
    return;
  }
  yield formatEvent("[DONE]");
}

const isAboutPrompt = ({ type }: AnswerPart): boolean => type === "prompt" || type === "prefill";

type CallPart = Extract<AnswerPart, { type: "tool-call" }>;

/** The first piece of a call names it, the others only go on with its arguments. */
const callDelta = ({ index, callId, name, arguments: text }: CallPart, isFirst: boolean): object => ({
  index,
  ...(isFirst ? functionCall(callId, name, text) : { function: { arguments: text } }),
});
