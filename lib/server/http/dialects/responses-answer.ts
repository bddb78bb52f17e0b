import type { ResponsesRequest } from "@/lib/schema/clients/responses";
import type { FinishReason, GenerationStats } from "@/lib/schema/generation";
import type { ToolCall } from "@/lib/schema/tools";
import { errorAnswer } from "@/lib/server/system/error-table";
import { formatEvent } from "../event-stream";
import { openAiError } from "../openai-error";
import type { AnswerHead, AnswerPart } from "./answer-request";
import type { AnswerChoice } from "./gather-answer";
import { llamaTimings, PromptProgress, RunningTimings } from "./openai-usage";
import { type ResponsesTools, shellActionOf, textOfArguments } from "./responses-tools";
import type { Dialect } from "./serve-answer";

const usageOf = ({ promptTokens, cachedTokens, generatedTokens }: GenerationStats) => ({
  input_tokens: promptTokens,
  input_tokens_details: { cached_tokens: cachedTokens },
  output_tokens: generatedTokens,
  // The engine counts an answer's tokens together.
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: promptTokens + generatedTokens,
});

/** Ids of the parts of one answer, made from its own. */
const partId = (prefix: "msg" | "rs", { id }: AnswerHead): string => `${prefix}_${id.replace(/^resp_/, "")}`;

const textPart = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] });
const thoughtPart = (text: string) => ({ type: "reasoning_text", text });
const partOf = (kind: Kind, text: string) => (kind === "text" ? textPart(text) : thoughtPart(text));
const messageItem = (head: AnswerHead, text: string) => ({
  id: partId("msg", head),
  type: "message",
  status: "completed",
  role: "assistant",
  content: [textPart(text)],
});
const reasoningItem = (head: AnswerHead, thought: string) => ({
  id: partId("rs", head),
  type: "reasoning",
  summary: [],
  content: [thoughtPart(thought)],
});

/** A call in the words of its tool. The engine knows only functions. */
function callItem({ id, name, arguments: text }: ToolCall, tools: ResponsesTools) {
  const words = tools.wordsOf({ name });
  const own = { status: "completed", call_id: id };
  if (words.kind === "custom")
    return { id: `ctc_${id}`, type: "custom_tool_call", ...own, name: words.name, input: textOfArguments(text) };
  if (words.kind === "shell") return { id: `lsh_${id}`, type: "local_shell_call", ...own, action: shellActionOf(text) };
  const { kind: _, ...named } = words;
  return { id: `fc_${id}`, type: "function_call", ...own, ...named, arguments: text };
}

function outputOf({ text, thought, calls }: AnswerChoice, head: AnswerHead, tools: ResponsesTools): object[] {
  const said = text === "" && calls.length > 0 ? [] : [messageItem(head, text)];
  return [
    ...(thought === "" ? [] : [reasoningItem(head, thought)]),
    ...said,
    ...calls.map(call => callItem(call, tools)),
  ];
}

/** What the client asked for, which an answer repeats. */
const askedFor = (body: ResponsesRequest) => ({
  instructions: body.instructions ?? null,
  max_output_tokens: body.max_output_tokens ?? null,
  metadata: body.metadata ?? {},
  parallel_tool_calls: body.parallel_tool_calls ?? true,
  previous_response_id: null,
  reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
  store: false,
  temperature: body.temperature ?? null,
  text: { format: body.text?.format ?? { type: "text" } },
  tool_choice: body.tool_choice ?? "auto",
  tools: body.tools ?? [],
  top_p: body.top_p ?? null,
  truncation: body.truncation ?? "disabled",
  user: body.user ?? null,
});

const isWhole = (reason: FinishReason): boolean => reason === "stop";

function endOf(reason: FinishReason, stats: GenerationStats) {
  return isWhole(reason)
    ? { status: "completed", incomplete_details: null, usage: usageOf(stats) }
    : { status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, usage: usageOf(stats) };
}

const responseOf = ({ id, created, model }: AnswerHead, body: ResponsesRequest) => ({
  id,
  object: "response",
  created_at: created,
  status: "in_progress",
  error: null,
  incomplete_details: null,
  model,
  output: [],
  usage: null,
  ...askedFor(body),
});

/** OpenAI's Responses API. @see https://platform.openai.com/docs/api-reference/responses and .../responses-streaming */
export const openAiResponses = (body: ResponsesRequest, tools: ResponsesTools): Dialect => ({
  idPrefix: "resp_",
  whole([choice], head) {
    if (choice === undefined) throw new Error("An answer has a choice.");
    const output = outputOf(choice, head, tools);
    return { ...responseOf(head, body), ...endOf(choice.reason, choice.stats), output };
  },
  events: (parts, head) => new ResponseStream(head, body, tools).events(parts),
});

type Kind = "text" | "thought";
type CallPart = Extract<AnswerPart, { type: "tool-call" }>;

/** The events of one answer, numbered. Each output item begins with its first piece and ends when another begins. */
class ResponseStream {
  readonly #response: ReturnType<typeof responseOf>;
  readonly #output: object[] = [];
  readonly #progress: PromptProgress | null;
  readonly #timings: RunningTimings | null;
  #count = 0;
  #open: { readonly kind: Kind; text: string } | null = null;
  #call: ToolCall | null = null;

  constructor(
    private readonly head: AnswerHead,
    body: ResponsesRequest,
    private readonly tools: ResponsesTools,
  ) {
    this.#response = responseOf(head, body);
    this.#progress = body.return_progress ? new PromptProgress() : null;
    this.#timings = body.timings_per_token ? new RunningTimings() : null;
  }

  async *events(parts: AsyncIterable<AnswerPart>): AsyncGenerator<string, void, undefined> {
    yield this.#event("response.created", { response: this.#response });
    yield this.#event("response.in_progress", { response: this.#response });
    try {
      for await (const part of parts) {
        if (part.type === "queued") yield `: queued ${part.position}\n\n`;
        const read = this.#progress?.after(part) ?? null;
        if (read !== null)
          yield this.#event("response.in_progress", { response: this.#response, prompt_progress: read });
        const timings = this.#timings?.after(part) ?? null;
        if (part.type === "text")
          yield* this.#add(part.thought ? "thought" : "text", part.text, timings === null ? {} : { timings });
        if (part.type === "tool-call") yield* this.#addCall(part);
        if (part.type === "finished") yield* this.#end(part.reason, part.stats);
      }
    } catch (error) {
      const { status, body } = errorAnswer(error);
      const { code, message } = openAiError(status, body).error;
      yield this.#event("response.failed", {
        response: { ...this.#response, status: "failed", error: { code, message }, output: this.#output },
      });
    }
  }

  #event(type: string, data: object): string {
    const text = formatEvent({ type, sequence_number: this.#count, ...data }, type);
    this.#count += 1;
    return text;
  }

  /** Where the open item is in the output. */
  #place(kind: Kind) {
    const id = partId(kind === "text" ? "msg" : "rs", this.head);
    return { item_id: id, output_index: this.#output.length, content_index: 0 };
  }

  *#add(kind: Kind, text: string, more: object): Generator<string> {
    if (this.#open?.kind !== kind) yield* this.#begin(kind);
    if (this.#open !== null) this.#open.text += text;
    const type = kind === "text" ? "response.output_text.delta" : "response.reasoning_text.delta";
    yield this.#event(type, { ...this.#place(kind), delta: text, ...(kind === "text" && { logprobs: [] }), ...more });
  }

  *#begin(kind: Kind): Generator<string> {
    yield* this.#close();
    this.#open = { kind, text: "" };
    const item =
      kind === "text"
        ? { ...messageItem(this.head, ""), status: "in_progress", content: [] }
        : { ...reasoningItem(this.head, ""), content: [] };
    yield this.#event("response.output_item.added", { output_index: this.#output.length, item });
    yield this.#event("response.content_part.added", { ...this.#place(kind), part: partOf(kind, "") });
  }

  *#addCall({ callId: id, name, arguments: text }: CallPart): Generator<string> {
    if (this.#call?.id !== id) {
      yield* this.#close();
      this.#call = { id, name, arguments: "" };
      const item = { ...callItem(this.#call, this.tools), status: "in_progress" };
      yield this.#event("response.output_item.added", { output_index: this.#output.length, item });
    }
    this.#call = { id, name, arguments: this.#call.arguments + text };
    // The arguments of the other kinds are JSON around what the client gets, which is whole only at the end.
    if (this.tools.wordsOf({ name }).kind !== "function") return;
    yield this.#event("response.function_call_arguments.delta", { ...this.#callPlace(`fc_${id}`), delta: text });
  }

  #callPlace(id: string) {
    return { item_id: id, output_index: this.#output.length };
  }

  *#closeCall(call: ToolCall): Generator<string> {
    const item = callItem(call, this.tools);
    const place = this.#callPlace(item.id);
    if ("input" in item) {
      yield this.#event("response.custom_tool_call_input.delta", { ...place, delta: item.input });
      yield this.#event("response.custom_tool_call_input.done", { ...place, input: item.input });
    }
    if ("arguments" in item)
      yield this.#event("response.function_call_arguments.done", {
        ...place,
        name: item.name,
        arguments: item.arguments,
      });
    yield this.#event("response.output_item.done", { output_index: this.#output.length, item });
    this.#output.push(item);
    this.#call = null;
  }

  *#close(): Generator<string> {
    if (this.#call !== null) yield* this.#closeCall(this.#call);
    if (this.#open === null) return;
    const { kind, text } = this.#open;
    const place = this.#place(kind);
    if (kind === "text") yield this.#event("response.output_text.done", { ...place, text, logprobs: [] });
    else yield this.#event("response.reasoning_text.done", { ...place, text });
    yield this.#event("response.content_part.done", { ...place, part: partOf(kind, text) });
    const item = kind === "text" ? messageItem(this.head, text) : reasoningItem(this.head, text);
    yield this.#event("response.output_item.done", { output_index: this.#output.length, item });
    this.#output.push(item);
    this.#open = null;
  }

  *#end(reason: FinishReason, stats: GenerationStats): Generator<string> {
    yield* this.#close();
    // An answer has a message, perhaps an empty one, or calls.
    if (this.#output.every(item => "type" in item && item.type === "reasoning")) {
      yield* this.#begin("text");
      yield* this.#close();
    }
    // A client that asks for progress in llama.cpp's format expects llama.cpp's status at the end. Both words mean the same.
    const hasLlamaWords = this.#progress !== null || this.#timings !== null;
    yield this.#event(isWhole(reason) || hasLlamaWords ? "response.completed" : "response.incomplete", {
      response: { ...this.#response, ...endOf(reason, stats), output: this.#output },
      timings: llamaTimings(stats),
    });
  }
}
