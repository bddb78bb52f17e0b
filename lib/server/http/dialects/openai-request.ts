import * as z from "zod";
import type { ChatTurn, PromptOptions, Sampling } from "@/lib/schema/engine-commands";
import { takesPictures } from "@/lib/schema/live-events";
import type {
  ChatCompletionRequest,
  ChatPrompt,
  CompletionRequest,
  CompletionSampling,
  OpenAiContent,
  OpenAiMessage,
} from "@/lib/schema/openai";
import { type Picture, readDataUrl } from "@/lib/schema/picture";
import { type SamplingValues, samplingByOpenAiNames, samplingWith } from "@/lib/schema/sampling";
import type { Settings } from "@/lib/schema/settings";
import type { ToolUse } from "@/lib/schema/tools";
import type { AnswerRequest, ReadingEngine } from "./answer-request";
import { refuseInput } from "./refuse-input";

const textOnly: ReadingEngine = {};

/** @throws RequestError for what cannot be done, by its name */
export function chatAnswerRequest(
  body: ChatCompletionRequest,
  settings: Settings,
  engine: ReadingEngine = textOnly,
): AnswerRequest {
  checkContinuation(body);
  return {
    model: body.model ?? null,
    prompts: [{ kind: "turns", turns: turnsOf(body.messages, engine), ...toolUseOf(body) }],
    choicesPerPrompt: body.n ?? 1,
    sampling: { ...openAiSampling(body, settings), ...chatLogprobs(body) },
    reportPrompt: body.verbose ?? false,
    ...templateOptionsOf(body),
  };
}

/**
 * The prompt alone, to be counted or shown.
 *
 * @throws RequestError for what cannot be done, by its name
 */
export const chatPrompt = (
  body: ChatPrompt,
  engine: ReadingEngine = textOnly,
): PromptOptions & { turns: ChatTurn[] } => ({
  turns: turnsOf(body.messages, engine),
  ...toolUseOf(body),
  ...templateOptionsOf(body),
});

/** "none" also turns a switch off where the template has one instead of degrees. */
function templateOptionsOf({ reasoning_effort: effort, chat_template_kwargs: given }: ChatPrompt) {
  const byEffort =
    effort == null ? {} : { reasoning_effort: effort, ...(effort === "none" && { enable_thinking: false }) };
  const templateOptions = { ...byEffort, ...given };
  return Object.keys(templateOptions).length > 0 ? { templateOptions } : {};
}

/** @throws RequestError for what cannot be done, by its name */
export function completionAnswerRequest(
  body: CompletionRequest,
  settings: Settings,
  echoes: readonly string[] = [],
): AnswerRequest {
  const { n, best_of: bestOf } = body;
  const suffix = body.suffix ?? "";
  if (body.echo && typeof body.logprobs === "number")
    refuseInput("echo with logprobs needs the probabilities of the prompt, which this engine does not report.");
  if (body.echo && suffix !== "") refuseInput("echo and suffix exclude each other: the answer stands between the two.");
  if (bestOf != null && bestOf !== (n ?? 1))
    refuseInput(`best_of must be ${n ?? 1}, as n is: this engine chooses none of several answers.`);
  const [first, ...more] = promptsOf(body.prompt).map((text, index) => ({
    kind: "text" as const,
    text,
    ...(suffix !== "" && { suffix }),
    ...(body.echo && { echo: typeof text === "string" ? text : (echoes[index] ?? "") }),
  }));
  if (first === undefined) return refuseInput("prompt is an empty list.");
  return {
    model: body.model ?? null,
    prompts: [first, ...more],
    choicesPerPrompt: n ?? 1,
    sampling: {
      ...openAiSampling(body, settings),
      ...(typeof body.logprobs === "number" && { topLogprobs: body.logprobs }),
    },
  };
}

/** One text or list of tokens, or several of either. */
export function promptsOf(prompt: CompletionRequest["prompt"]): (string | number[])[] {
  if (typeof prompt === "string") return [prompt];
  const tokens = prompt.filter(entry => typeof entry === "number");
  return tokens.length > 0 ? [tokens] : prompt.filter(entry => typeof entry !== "number");
}

function chatLogprobs({ logprobs, top_logprobs: top }: ChatCompletionRequest) {
  if (!logprobs && top) refuseInput("top_logprobs needs logprobs to be true.");
  return logprobs ? { topLogprobs: top ?? 0 } : {};
}

/** What a part of another kind would need. */
const partNeeds: Readonly<Record<string, string>> = {
  image_url: "needs a model with vision, and this engine reads only text",
  input_image: "needs a model with vision, and this engine reads only text",
  input_audio: "needs a model that hears, and this engine reads only text",
  audio: "needs a model that hears, and this engine reads only text",
  file: "needs to be sent as text, because this engine reads no files",
};

/**
 * The text of a message. Several parts are joined as they are.
 *
 * @param where "messages[0].content"
 * @throws RequestError for a part that is not text, by its place and type
 */
function textOf(content: OpenAiContent | null | undefined, where: string): string {
  if (typeof content === "string") return content;
  return (content ?? [])
    .map(({ type, text }, index) => {
      if (type === "text" && text !== undefined) return text;
      const why = type === "text" ? "has no text" : (partNeeds[type] ?? "is no part that this engine can read");
      return refuseInput(`${where}[${index}]: ${type} ${why}.`);
    })
    .join("");
}

const imagePartSchema = z.union([
  z.object({ image_url: z.object({ url: z.string() }) }).transform(({ image_url: { url } }) => url),
  z.object({ image_url: z.string() }).transform(({ image_url: url }) => url),
]);

/**
 * The pictures and the text of a user's message, for an engine that reads both.
 *
 * @throws RequestError for a part that is neither, by its place and type
 */
function seenContent(content: OpenAiContent, where: string): { content: string; pictures?: Picture[] } {
  if (typeof content === "string") return { content };
  const pictures = content.flatMap((part, index) => {
    if (part.type !== "image_url") return [];
    const url = imagePartSchema.safeParse(part).data ?? "";
    const picture = readDataUrl(url);
    return typeof picture === "string" ? refuseInput(`${where}[${index}]: image_url ${picture}.`) : [picture];
  });
  const texts = content.map(part => (part.type === "image_url" ? { type: "text", text: "" } : part));
  return { content: textOf(texts, where), ...(pictures.length > 0 && { pictures }) };
}

function turnOf(message: OpenAiMessage, where: string, engine: ReadingEngine): ChatTurn {
  if (message.role === "user" && takesPictures(engine))
    return { role: "user", ...seenContent(message.content, `${where}.content`) };
  const content = textOf(message.content, `${where}.content`);
  if (message.role === "tool") return { role: "tool", content, callId: message.tool_call_id };
  if (message.role !== "assistant") return { role: message.role === "user" ? "user" : "system", content };
  const toolCalls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: given } }) => ({
    id,
    name,
    arguments: typeof given === "string" ? given : JSON.stringify(given),
  }));
  return { role: "assistant", content, ...(toolCalls.length > 0 && { toolCalls }) };
}

/** A result without its call would be read as something that the user says. */
function refuseUnknownCalls(turns: readonly ChatTurn[]): void {
  const called = new Set<string>();
  turns.forEach((turn, index) => {
    if (turn.role === "assistant") for (const call of turn.toolCalls ?? []) called.add(call.id);
    if (turn.role === "tool" && !called.has(turn.callId))
      refuseInput(`messages[${index}].tool_call_id: no message before calls a tool with the id "${turn.callId}".`);
  });
}

/** @throws RequestError for a choice of a tool that is not there */
function toolUseOf({ tools, tool_choice: choice, parallel_tool_calls: parallel }: ChatPrompt) {
  if (!tools?.length) {
    if (choice != null && choice !== "none" && choice !== "auto")
      refuseInput("tool_choice asks for a call, and tools is empty.");
    return {};
  }
  if (choice === "none") return {};
  const named = typeof choice === "object" && choice !== null ? choice.function.name : null;
  if (named !== null && !tools.some(tool => tool.function.name === named))
    refuseInput(`tool_choice names "${named}", and no tool has that name.`);
  const toolUse: ToolUse = {
    tools: tools.map(({ function: { name, description, parameters } }) => ({
      name,
      ...(description != null && { description }),
      ...(parameters != null && { parameters }),
    })),
    choice: named !== null ? { name: named } : choice === "required" ? "required" : "auto",
    parallel: parallel ?? true,
  };
  return { toolUse };
}

/** @throws RequestError when there is nothing to answer */
function turnsOf(messages: readonly OpenAiMessage[], engine: ReadingEngine): ChatTurn[] {
  const turns = answerable(seenTurns(messages, engine));
  refuseUnknownCalls(turns);
  const last = turns.at(-1);
  if (last?.role === "assistant" && last.toolCalls !== undefined)
    return refuseInput("The last message calls tools: their results must follow, as messages with the role tool.");
  if (last === undefined) return refuseInput("The messages have nothing to answer.");
  if (last.role === "assistant" && turns.at(-2)?.role === "assistant")
    return refuseInput("The messages end with two of the assistant's: only one can be continued.");
  return turns;
}

/** Chat templates show pictures only in what the user says: those in results of tools stand behind the results. */
function seenTurns(messages: readonly OpenAiMessage[], engine: ReadingEngine): ChatTurn[] {
  const turns: ChatTurn[] = [];
  let shown: Picture[] = [];
  const show = (): void => {
    if (shown.length > 0) turns.push({ role: "user", content: "", pictures: shown });
    shown = [];
  };
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    if (message.role === "tool" && takesPictures(engine)) {
      const { content, pictures = [] } = seenContent(message.content ?? "", `${where}.content`);
      turns.push({ role: "tool", content, callId: message.tool_call_id });
      shown.push(...pictures);
      continue;
    }
    const turn = turnOf(message, where, engine);
    if (turn.role === "user" && shown.length > 0) {
      turns.push({ ...turn, pictures: [...shown, ...(turn.pictures ?? [])] });
      shown = [];
    } else {
      show();
      turns.push(turn);
    }
  }
  show();
  return turns;
}

/**
 * Chat templates answer what the user says. Agents end with words of the system's too (the user has changed the mode), and other
 * programs with an empty answer, into which they write the new one.
 */
function answerable(turns: ChatTurn[]): ChatTurn[] {
  const last = turns.at(-1);
  if (last?.role === "assistant" && last.content === "" && last.toolCalls === undefined) return turns.slice(0, -1);
  return last?.role === "system" ? [...turns.slice(0, -1), { role: "user", content: last.content }] : turns;
}

/** @throws RequestError for what is neither a new reply nor a continued one */
function checkContinuation({ messages, ...body }: ChatCompletionRequest): void {
  const continues = body.continue_final_message ?? false;
  const ofAssistant = messages.at(-1)?.role === "assistant";
  if (continues && body.add_generation_prompt)
    refuseInput("continue_final_message and add_generation_prompt exclude each other.");
  if (continues && !ofAssistant) refuseInput("continue_final_message needs a last message of the assistant's.");
  if (body.add_generation_prompt === false && !ofAssistant)
    refuseInput("add_generation_prompt must be true unless the last message is the assistant's.");
}

const UINT32 = 2 ** 32;

type ChatOnly = Partial<
  Pick<ChatCompletionRequest, "max_completion_tokens" | "response_format" | "grammar" | "json_schema">
>;

/** The request's values; where it has none, those of the settings. */
function openAiSampling(request: CompletionSampling & ChatOnly, settings: Settings): Sampling {
  const { stop, seed, max_tokens: oldName, max_completion_tokens: maxTokens = oldName, top_k: topK } = request;
  const own = {
    ...samplingByOpenAiNames(request),
    // Clients send an empty text for no stop string, and -1 for no limit.
    ...(stop != null && { stop: [stop].flat().filter(text => text !== "") }),
    ...(seed != null && { seed: seed < 0 ? -1 : seed % UINT32 }),
    ...(maxTokens != null && { maxTokens: Math.max(0, maxTokens) }),
    ...(topK != null && { topK: Math.max(0, topK) }),
  };
  const logitBias = logitBiasOf(request.logit_bias);
  return {
    ...samplingWith(own as Partial<SamplingValues>, settings),
    ...(logitBias.length > 0 && { logitBias }),
    ...outputOf(request),
  };
}

/** A key is a token's number, or a text for all of its tokens. */
function logitBiasOf(given: CompletionSampling["logit_bias"]): NonNullable<Sampling["logitBias"]> {
  const pairs = Array.isArray(given) ? given : Object.entries(given ?? {});
  return pairs.map(([key, bias]) => ({
    token: typeof key === "string" && /^\d+$/.test(key) ? Number(key) : key,
    bias: bias === false ? null : bias,
  }));
}

/** @throws RequestError when there are several */
function outputOf({ response_format: format, grammar, json_schema: schema }: ChatOnly) {
  const wanted = [
    ...(format == null || format.type === "text"
      ? []
      : [["response_format", { jsonSchema: schemaOf(format) }] as const]),
    ...(schema == null ? [] : [["json_schema", { jsonSchema: schema }] as const]),
    ...(grammar == null || grammar === "" ? [] : [["grammar", { grammar }] as const]),
  ];
  if (wanted.length > 1) refuseInput(`Only one of ${wanted.map(([name]) => name).join(" and ")} can shape the answer.`);
  return wanted[0]?.[1] ?? {};
}

type JsonFormat = Exclude<NonNullable<ChatCompletionRequest["response_format"]>, { type: "text" }>;

const schemaOf = (format: JsonFormat): unknown =>
  format.type === "json_schema"
    ? format.json_schema.schema
    : (format.schema ?? { type: "object", additionalProperties: true });
