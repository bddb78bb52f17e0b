import type { FinishReason, GenerationStats } from "@/lib/schema/generation";
import { errorAnswer } from "@/lib/server/system/error-table";
import { parseJson } from "@/lib/server/system/parse-json";
import { anthropicError } from "../anthropic-error";
import { formatEvent } from "../event-stream";
import type { AnswerHead, AnswerPart } from "./answer-request";
import type { AnswerChoice } from "./gather-answer";
import type { Dialect } from "./serve-answer";

interface Ending {
  readonly reason: FinishReason;
  readonly stopString?: string | undefined;
}

function stopReasonOf({ reason, stopString }: Ending, hasCalls: boolean): string {
  if (reason !== "stop") return "max_tokens";
  if (hasCalls) return "tool_use";
  return stopString === undefined ? "end_turn" : "stop_sequence";
}

const stopOf = (ending: Ending, hasCalls: boolean) => ({
  stop_reason: stopReasonOf(ending, hasCalls),
  stop_sequence: ending.stopString ?? null,
});

/** Anthropic counts cached tokens beside the others, not among them. */
const inputUsage = (promptTokens: number, cachedTokens: number) => ({
  input_tokens: promptTokens - cachedTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cachedTokens,
});

const usageOf = ({ promptTokens, cachedTokens, generatedTokens }: GenerationStats) => ({
  ...inputUsage(promptTokens, cachedTokens),
  output_tokens: generatedTokens,
});

/** Nobody signs a local model's thoughts; clients need the field. */
const thinkingBlock = (thinking: string) => ({ type: "thinking", thinking, signature: "" });

const toolBlock = (id: string, name: string, input: unknown) => ({ type: "tool_use", id, name, input });

function contentOf({ text, thought, calls }: AnswerChoice): object[] {
  const said = text !== "" || (thought === "" && calls.length === 0) ? [{ type: "text", text }] : [];
  const called = calls.map(call => toolBlock(call.id, call.name, inputOf(call.arguments)));
  return [...(thought === "" ? [] : [thinkingBlock(thought)]), ...said, ...called];
}

/** An answer that a limit cut has no whole object. */
const inputOf = (text: string): unknown => parseJson(text) ?? {};

const messageOf = ({ id, model }: AnswerHead) => ({ id, type: "message", role: "assistant", model });

/** Anthropic's Messages API. @see https://docs.anthropic.com/en/api/messages and .../messages-streaming */
export const anthropicMessages: Dialect = {
  idPrefix: "msg_",
  whole([choice], head) {
    if (choice === undefined) throw new Error("An answer has a choice.");
    return {
      ...messageOf(head),
      content: contentOf(choice),
      ...stopOf(choice, choice.calls.length > 0),
      usage: usageOf(choice.stats),
    };
  },
  events: messageEvents,
};

const event = (type: string, data: object): string => formatEvent({ type, ...data }, type);

type CallPart = Extract<AnswerPart, { type: "tool-call" }>;

/** The blocks of a stream: each begins when a piece of another kind comes. */
class BlockStream {
  /** The kind of the open block, or the id of its call. */
  #open: string | null = null;
  #index = -1;
  hasCalls = false;

  *add(kind: "text" | "thinking", text: string): Generator<string> {
    if (this.#open !== kind) yield* this.#begin(kind, kind === "text" ? { type: "text", text: "" } : thinkingBlock(""));
    const delta = kind === "text" ? { type: "text_delta", text } : { type: "thinking_delta", thinking: text };
    yield event("content_block_delta", { index: this.#index, delta });
  }

  *addCall(part: CallPart): Generator<string> {
    this.hasCalls = true;
    if (this.#open !== part.callId) yield* this.#begin(part.callId, toolBlock(part.callId, part.name, {}));
    const delta = { type: "input_json_delta", partial_json: part.arguments };
    yield event("content_block_delta", { index: this.#index, delta });
  }

  /** A message has at least one block. */
  *end(): Generator<string> {
    if (this.#index < 0) yield* this.#begin("text", { type: "text", text: "" });
    yield* this.#close();
  }

  *#begin(kind: string, block: object): Generator<string> {
    yield* this.#close();
    this.#open = kind;
    this.#index += 1;
    yield event("content_block_start", { index: this.#index, content_block: block });
  }

  *#close(): Generator<string> {
    if (this.#open === "thinking")
      yield event("content_block_delta", { index: this.#index, delta: { type: "signature_delta", signature: "" } });
    if (this.#open !== null) yield event("content_block_stop", { index: this.#index });
    this.#open = null;
  }
}

const startEvent = (head: AnswerHead, promptTokens: number, cachedTokens: number): string =>
  event("message_start", {
    message: {
      ...messageOf(head),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...inputUsage(promptTokens, cachedTokens), output_tokens: 0 },
    },
  });

async function* messageEvents(
  parts: AsyncIterable<AnswerPart>,
  head: AnswerHead,
): AsyncGenerator<string, void, undefined> {
  const blocks = new BlockStream();
  let isStarted = false;
  try {
    for await (const part of parts) {
      if (part.type === "queued") {
        yield `: queued ${part.position}\n\n`;
        continue;
      }
      if (!isStarted) {
        isStarted = true;
        // The first report about the prompt says how much of it the cache holds.
        if (part.type === "prefill") yield startEvent(head, part.totalTokens, part.doneTokens);
        else if (part.type === "finished") yield startEvent(head, part.stats.promptTokens, part.stats.cachedTokens);
        else yield startEvent(head, 0, 0);
      }
      if (part.type === "text") yield* blocks.add(part.thought ? "thinking" : "text", part.text);
      if (part.type === "tool-call") yield* blocks.addCall(part);
      if (part.type !== "finished") continue;
      yield* blocks.end();
      yield event("message_delta", { delta: stopOf(part, blocks.hasCalls), usage: usageOf(part.stats) });
      yield event("message_stop", {});
    }
  } catch (error) {
    const { status, body } = errorAnswer(error);
    yield formatEvent(anthropicError(status, body), "error");
  }
}
