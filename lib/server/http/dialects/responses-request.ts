import * as z from "zod";
import { type ChatCompletionRequest, chatCompletionRequestSchema } from "@/lib/schema/clients/openai";
import type { ResponseContent, ResponseInputItem, ResponsesRequest } from "@/lib/schema/clients/responses";
import { takesPictures } from "@/lib/schema/live-events";
import { parseInput } from "../parse-input";
import type { ReadingEngine } from "./answer-request";
import { refuseInput, refusePart } from "./refuse-input";
import { argumentsOfText, nameInGroup, type ResponsesTools } from "./responses-tools";

const TEXT_PARTS: ReadonlySet<string> = new Set([
  "input_text",
  "output_text",
  "text",
  "reasoning_text",
  "summary_text",
]);

/** @throws RequestError for a part that is not text, by its place and type */
function textOf(content: ResponseContent | null | undefined, where: string): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part, index) => textOfPart(part, `${where}[${index}]`)).join("");
}

function textOfPart(
  { type, text }: { readonly type: string; readonly text?: string | null | undefined },
  where: string,
) {
  if (TEXT_PARTS.has(type) && text != null) return text;
  if (type === "refusal") return "";
  return refusePart(type, where);
}

const callSchema = z.object({
  call_id: z.string(),
  name: z.string(),
  namespace: z.string().nullish(),
  arguments: z.string(),
});
const customCallSchema = z.object({ call_id: z.string(), name: z.string(), input: z.string() });
const shellCallSchema = z.looseObject({
  call_id: z.string().nullish(),
  id: z.string().nullish(),
  action: z.looseObject({
    command: z.array(z.string()),
    working_directory: z.string().nullish(),
    timeout_ms: z.number().nullish(),
  }),
});
const outputSchema = z.object({
  call_id: z.string(),
  output: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().nullish() }))]),
});

/** What the model said and called together is one message in OpenAI's older format. */
interface AssistantMessage {
  readonly role: "assistant";
  content: string | null;
  reasoning_content?: string;
  readonly tool_calls: object[];
}
type SentMessage =
  | AssistantMessage
  | { readonly role: string; readonly content: string | object[]; readonly tool_call_id?: string };

interface Place {
  readonly where: string;
  readonly engine: ReadingEngine;
}

const isAssistant = (message: SentMessage | undefined): message is AssistantMessage => message?.role === "assistant";

/** What other services did. The model's own words after them say what came of it. */
const SKIPPED: ReadonlySet<string> = new Set([
  "web_search_call",
  "file_search_call",
  "image_generation_call",
  "tool_search_call",
  "tool_search_output",
]);

/** @throws RequestError for an item that this engine cannot read, by its place and type */
function addItem(messages: SentMessage[], item: ResponseInputItem, index: number, engine: ReadingEngine): void {
  const where = `input[${index}]`;
  const type = item.type ?? "message";
  if (type === "message") takeMessage(messages, item, { where, engine });
  else if (type === "reasoning") addThought(messages, thoughtOf(item, where));
  else if (type.endsWith("_output") && !SKIPPED.has(type)) messages.push(resultOf(item, type, { where, engine }));
  else if (!SKIPPED.has(type)) openAssistant(messages).tool_calls.push(callOf(item, type, where));
}

/** Agents keep the summary alone. */
function thoughtOf(item: ResponseInputItem, where: string): string {
  const thought = textOf(item.content, `${where}.content`);
  return thought === "" ? textOf(item.summary, `${where}.summary`) : thought;
}

function resultOf(item: ResponseInputItem, type: string, { where, engine }: Place): SentMessage {
  if (!["function_call_output", "custom_tool_call_output", "local_shell_call_output"].includes(type))
    return refuseItem(type, where);
  const result = outputSchema.safeParse(type === "local_shell_call_output" ? { call_id: item.id, ...item } : item);
  if (!result.success) return refuseInput(`${where}: a ${type} needs call_id and output.`);
  const { call_id: id, output } = result.data;
  const read = takesPictures(engine) ? seenContent : textOf;
  return { role: "tool", tool_call_id: id, content: read(output, `${where}.output`) };
}

const refuseItem = (type: string, where: string): never =>
  refuseInput(`${where}: ${type} is no item that this engine can read.`);

const calledFunction = (id: string, name: string, given: string) => ({
  id,
  type: "function",
  function: { name, arguments: given },
});

function callOf(item: ResponseInputItem, type: string, where: string): object {
  if (type === "function_call") {
    const call = callSchema.safeParse(item);
    if (!call.success) return refuseInput(`${where}: a function_call needs call_id, name and arguments, each a text.`);
    return calledFunction(call.data.call_id, nameInGroup(call.data.namespace, call.data.name), call.data.arguments);
  }
  if (type === "custom_tool_call") {
    const call = customCallSchema.safeParse(item);
    if (!call.success) return refuseInput(`${where}: a custom_tool_call needs call_id, name and input, each a text.`);
    return calledFunction(call.data.call_id, call.data.name, argumentsOfText(call.data.input));
  }
  if (type !== "local_shell_call") return refuseItem(type, where);
  const call = shellCallSchema.safeParse(item);
  if (!call.success) return refuseInput(`${where}: a local_shell_call needs an action with a command.`);
  const { call_id: callId, id, action } = call.data;
  const { command, working_directory: workdir, timeout_ms: timeoutMs } = action;
  const given = { command, ...(workdir != null && { workdir }), ...(timeoutMs != null && { timeout_ms: timeoutMs }) };
  return calledFunction(callId ?? id ?? "", "local_shell", JSON.stringify(given));
}

const imageSchema = z.object({ image_url: z.string() });

/** For an engine that reads pictures: OpenAI's older parts. */
function seenContent(content: ResponseContent, where: string): string | object[] {
  if (typeof content === "string" || !content.some(({ type }) => type === "input_image")) return textOf(content, where);
  return content.map((part, index) => {
    const place = `${where}[${index}]`;
    if (part.type !== "input_image") return { type: "text", text: textOfPart(part, place) };
    const image = imageSchema.safeParse(part);
    return image.success
      ? { type: "image_url", image_url: { url: image.data.image_url } }
      : refuseInput(`${place}: input_image needs image_url, because files are not kept here.`);
  });
}

function takeMessage(messages: SentMessage[], { role, content }: ResponseInputItem, place: Place): void {
  const { where, engine } = place;
  if (role == null) refuseInput(`${where}.role is missing: it must be one of user, assistant, system, developer.`);
  if (role === "user" && content != null && takesPictures(engine)) {
    messages.push({ role, content: seenContent(content, `${where}.content`) });
    return;
  }
  const text = textOf(content, `${where}.content`);
  if (role !== "assistant") messages.push({ role, content: text });
  else {
    const last = messages.at(-1);
    // A thought that stands alone belongs to this message.
    if (isAssistant(last) && last.content === null && last.tool_calls.length === 0) last.content = text;
    else messages.push({ role, content: text, tool_calls: [] });
  }
}

function openAssistant(messages: SentMessage[]): AssistantMessage {
  const last = messages.at(-1);
  if (isAssistant(last)) return last;
  const message: AssistantMessage = { role: "assistant", content: null, tool_calls: [] };
  messages.push(message);
  return message;
}

function addThought(messages: SentMessage[], thought: string): void {
  if (thought !== "") messages.push({ role: "assistant", content: null, reasoning_content: thought, tool_calls: [] });
}

function messagesOf({ input, instructions }: ResponsesRequest, engine: ReadingEngine): object[] {
  const messages: SentMessage[] = [];
  if (instructions != null && instructions !== "") messages.push({ role: "system", content: instructions });
  if (typeof input === "string") messages.push({ role: "user", content: input });
  else for (const [index, item] of input.entries()) addItem(messages, item, index, engine);
  return messages.map(message => {
    if (!isAssistant(message)) return message;
    const { tool_calls: calls, ...rest } = message;
    return calls.length > 0 ? message : { ...rest, content: rest.content ?? "" };
  });
}

function formatOf(format: { readonly type: string; readonly [field: string]: unknown }): object {
  if (format.type !== "json_schema") return format;
  const { name, strict, schema } = format;
  return { type: "json_schema", json_schema: { name, strict, schema } };
}

/**
 * A request of the Responses API as a chat completion, of which there is one translation to the engine's words.
 *
 * @throws RequestError for what cannot be done, by its name
 */
export const chatOfResponses = (
  body: ResponsesRequest,
  tools: ResponsesTools,
  engine: ReadingEngine,
): ChatCompletionRequest =>
  parseInput(chatCompletionRequestSchema, {
    model: body.model,
    messages: messagesOf(body, engine),
    max_tokens: body.max_output_tokens,
    temperature: body.temperature,
    top_p: body.top_p,
    stream: body.stream,
    ...tools.forChat(body.tool_choice),
    ...(body.parallel_tool_calls != null && { parallel_tool_calls: body.parallel_tool_calls }),
    ...(body.text?.format != null && { response_format: formatOf(body.text.format) }),
    ...(body.reasoning?.effort != null && { reasoning_effort: body.reasoning.effort }),
  });
