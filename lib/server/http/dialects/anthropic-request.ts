import * as z from "zod";
import type {
  AnthropicBlock,
  AnthropicContent,
  AnthropicMessage,
  CountTokensRequest,
  MessagesRequest,
} from "@/lib/schema/clients/anthropic";
import { type ChatCompletionRequest, chatCompletionRequestSchema } from "@/lib/schema/clients/openai";
import { takesPictures } from "@/lib/schema/live-events";
import { readDataUrl } from "@/lib/schema/picture";
import { parseInput } from "../parse-input";
import type { ReadingEngine } from "./answer-request";
import { type AnthropicTools, anthropicTools } from "./anthropic-tools";
import { refuseInput } from "./refuse-input";

const toolUseSchema = z.object({ id: z.string(), name: z.string(), input: z.record(z.string(), z.unknown()) });
const toolResultSchema = z.object({
  tool_use_id: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).nullish(),
});
const textSchema = z.object({ text: z.string() });
const documentSchema = z.object({
  title: z.string().nullish(),
  source: z.object({ type: z.literal("text"), data: z.string() }),
});
const thinkingSchema = z.object({ thinking: z.string() });

/** What a block of another kind would need. */
const blockNeeds: Readonly<Record<string, string>> = {
  image: "needs a model with vision, and this engine reads only text (image input is not supported)",
  document: "needs to be sent as text, because this engine reads no files",
};

function parseBlock<Schema extends z.ZodType>(schema: Schema, block: AnthropicBlock, where: string): z.output<Schema> {
  const result = schema.safeParse(block);
  if (result.success) return result.data;
  const field = result.error.issues[0]?.path.join(".") ?? "";
  return refuseInput(`${where}.${field} of this ${block.type} block is missing or of another type.`);
}

/** @throws RequestError for a block that is no text, by its place and type */
function textOf(content: AnthropicContent, where: string): string {
  if (typeof content === "string") return content;
  return content.map((block, index) => textOfBlock(block, `${where}[${index}]`)).join("");
}

function textOfBlock(block: AnthropicBlock, where: string): string {
  if (block.type === "text") return parseBlock(textSchema, block, where).text;
  const document = block.type === "document" ? documentSchema.safeParse(block).data : undefined;
  if (document !== undefined) return [document.title, document.source.data].filter(Boolean).join("\n\n");
  return refuseInput(`${where}: ${block.type} ${blockNeeds[block.type] ?? "is no block that this engine can read"}.`);
}

/** A message in OpenAI's words; its full check comes with the whole request. */
interface SentMessage {
  readonly role: string;
  readonly content: string | object[] | null;
  readonly [field: string]: unknown;
}

function assistantMessage(blocks: readonly AnthropicBlock[], where: string): SentMessage {
  let text = "";
  let thought = "";
  const calls: object[] = [];
  for (const [index, block] of blocks.entries()) {
    const place = `${where}[${index}]`;
    if (block.type === "redacted_thinking") continue;
    if (block.type === "thinking") thought += parseBlock(thinkingSchema, block, place).thinking;
    else if (block.type === "tool_use") {
      const { id, name, input } = parseBlock(toolUseSchema, block, place);
      calls.push({ id, type: "function", function: { name, arguments: JSON.stringify(input) } });
    } else text += textOfBlock(block, place);
  }
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    ...(thought !== "" && { reasoning_content: thought }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

const imageSchema = z.object({
  source: z.union([
    z
      .object({ type: z.literal("base64"), media_type: z.string(), data: z.string() })
      .transform(({ media_type: mediaType, data }) => `data:${mediaType};base64,${data}`),
    z.object({ type: z.literal("url"), url: z.string() }).transform(({ url }) => url),
  ]),
});

function imagePart(block: AnthropicBlock, where: string): object {
  const { source: url } = parseBlock(imageSchema, block, where);
  const picture = readDataUrl(url);
  return typeof picture === "string"
    ? refuseInput(`${where}.source ${picture}.`)
    : { type: "image_url", image_url: { url } };
}

/** A text; or, for an engine that reads pictures too, OpenAI's parts. */
function userContent(blocks: readonly AnthropicBlock[], where: string, engine: ReadingEngine): string | object[] {
  const said = blocks
    .map((block, index) => ({ block, place: `${where}[${index}]` }))
    .filter(({ block }) => block.type !== "tool_result");
  if (!takesPictures(engine) || said.every(({ block }) => block.type !== "image"))
    return said.map(({ block, place }) => textOfBlock(block, place)).join("");
  return said.map(({ block, place }) =>
    block.type === "image" ? imagePart(block, place) : { type: "text", text: textOfBlock(block, place) },
  );
}

/** OpenAI has a message of its own for each result of a tool. They come before what the user says about them. */
function userMessages(blocks: readonly AnthropicBlock[], where: string, engine: ReadingEngine): SentMessage[] {
  const results = blocks.flatMap((block, index): SentMessage[] => {
    if (block.type !== "tool_result") return [];
    const place = `${where}[${index}]`;
    const { tool_use_id: id, content } = parseBlock(toolResultSchema, block, place);
    const result = typeof content === "string" ? content : userContent(content ?? [], `${place}.content`, engine);
    return [{ role: "tool", tool_call_id: id, content: result }];
  });
  const text = userContent(blocks, where, engine);
  return text === "" && results.length > 0 ? results : [...results, { role: "user", content: text }];
}

const messagesFor =
  (engine: ReadingEngine) =>
  ({ role, content }: AnthropicMessage, index: number): SentMessage[] => {
    const where = `messages[${index}].content`;
    if (typeof content === "string") return [{ role, content }];
    if (role === "assistant") return [assistantMessage(content, where)];
    return role === "user" ? userMessages(content, where, engine) : [{ role, content: textOf(content, where) }];
  };

function toolChoiceOf({ type, name }: NonNullable<CountTokensRequest["tool_choice"]>): unknown {
  if (type === "any") return "required";
  if (type !== "tool") return type;
  return name == null
    ? refuseInput("tool_choice.name is missing: it must name the tool.")
    : { type: "function", function: { name } };
}

/** The switch of the chat templates that know one. "adaptive" leaves it to the model. */
const switchOf = ({ type }: NonNullable<CountTokensRequest["thinking"]>) =>
  type === "adaptive" ? {} : { chat_template_kwargs: { enable_thinking: type === "enabled" } };

/** Has an effect only where the model's chat template knows it. Its degrees end below Anthropic's highest. */
const effortOf = ({ output_config: output }: CountTokensRequest) =>
  output?.effort == null ? {} : { reasoning_effort: output.effort === "max" ? "xhigh" : output.effort };

/**
 * Claude Code begins its system prompt with a note to the service that bills it. The note changes with each request, so nothing after it
 * could be taken from the cache.
 */
const BILLING_NOTE = /^x-anthropic-billing-header:[^\n]*?(?:\bcch=\w+;\s*|\n|$)/;

const systemOf = (system: AnthropicContent): string =>
  typeof system === "string"
    ? system.replace(BILLING_NOTE, "")
    : system.map((block, index) => textOfBlock(block, `system[${index}]`).replace(BILLING_NOTE, "")).join("");

/** As in llama.cpp's server, an empty list is one empty message, so that the system prompt alone can be answered. */
const messagesOf = ({ messages }: CountTokensRequest, engine: ReadingEngine): SentMessage[] =>
  messages.length === 0 ? [{ role: "user", content: "" }] : messages.flatMap(messagesFor(engine));

/** The parts of both requests that make the prompt. */
const promptOf = (body: CountTokensRequest, { tools }: AnthropicTools, engine: ReadingEngine) => ({
  model: body.model,
  messages: [
    ...(body.system == null || body.system.length === 0 ? [] : [{ role: "system", content: systemOf(body.system) }]),
    ...messagesOf(body, engine),
  ],
  ...(tools.length > 0 && { tools }),
  ...(body.tool_choice != null && {
    tool_choice: toolChoiceOf(body.tool_choice),
    ...(body.tool_choice.disable_parallel_tool_use === true && { parallel_tool_calls: false }),
  }),
  ...(body.thinking != null && switchOf(body.thinking)),
  ...effortOf(body),
});

/**
 * Anthropic's request as OpenAI's chat completion, of which there is one translation to the engine's words.
 *
 * @throws RequestError for what cannot be done, by its name
 */
export const chatOfMessages = (
  body: MessagesRequest,
  tools: AnthropicTools,
  engine: ReadingEngine,
): ChatCompletionRequest =>
  parseInput(chatCompletionRequestSchema, {
    ...promptOf(body, tools, engine),
    ...(body.output_config?.format != null && {
      response_format: { type: "json_schema", json_schema: { schema: body.output_config.format.schema } },
    }),
    max_tokens: body.max_tokens,
    temperature: body.temperature,
    top_p: body.top_p,
    top_k: body.top_k,
    stop: body.stop_sequences,
    stream: body.stream,
  });

/** @throws RequestError for what cannot be done, by its name */
export const chatToCount = (body: CountTokensRequest, engine: ReadingEngine): ChatCompletionRequest =>
  parseInput(chatCompletionRequestSchema, promptOf(body, anthropicTools(body.tools), engine));
