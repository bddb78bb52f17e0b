import {
  type LlamaGrammar,
  type LlamaModel,
  LlamaText,
  SpecialTokensText,
  type Token,
  type Tokenizer,
} from "node-llama-cpp";
import * as z from "zod";
import type { ChatTurn, PromptOptions, Sampling } from "@/lib/schema/engine-commands";
import { errorReason } from "@/lib/schema/error-reason";
import type { Tool, ToolUse } from "@/lib/schema/tools";
import { JobError } from "../job-error";
import { toChatHistory } from "../prompt/chat-history";
import type { ChatTemplate } from "../prompt/chat-template";
import { SchemaCheck } from "../schema-check";
import { type CallFormat, hermesFormat } from "./call-format";
import { type CallableTool, callGrammar, schemaOrCallGrammar } from "./call-grammar";
import type { ReadCall } from "./call-reader";
import { genericTurns } from "./generic-turns";
import type { ToolTemplate } from "./tool-template";

/** What an answer with tools starts from, and how its calls are written. */
export interface ToolPlan {
  readonly prompt: Token[];
  /** null when the model may not call a tool, although the conversation has calls. */
  readonly calls: CallPlan | null;
}

export interface CallPlan {
  readonly format: CallFormat;
  /** The answer consists of calls: `prompt` ends with their opening. */
  readonly isForced: boolean;
  /** What begins calls in free text. */
  readonly triggers: readonly (string | LlamaText)[];
  /** For the text before any call, where the request asks for a JSON schema. */
  readonly textGrammar: LlamaGrammar | undefined;
  readonly grammar: LlamaGrammar;
  /** The prompt for the calls, from the tokens of an answer that a trigger ended. */
  promptAfter(tokens: readonly Token[], promptTokens: number): Token[];
  /** @throws JobError for arguments that do not follow the tool's schema */
  check(calls: readonly ReadCall[]): void;
}

/** What of a loaded model a plan for tools needs. */
interface ToolModel {
  readonly model: LlamaModel;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly toolTemplate: ToolTemplate | null;
}

export interface ToolRequest extends PromptOptions {
  readonly turns: readonly ChatTurn[];
  readonly sampling: Pick<Sampling, "grammar" | "jsonSchema">;
}

const hasCalls = (turn: ChatTurn): boolean =>
  turn.role === "tool" || (turn.role === "assistant" && (turn.toolCalls?.length ?? 0) > 0);

/**
 * @returns null for a conversation without tools
 * @throws JobError INVALID_INPUT for tools that cannot be used
 */
export async function toolPlan(loaded: ToolModel, request: ToolRequest): Promise<ToolPlan | null> {
  const { turns, toolUse, sampling } = request;
  if (toolUse === undefined && !turns.some(hasCalls)) return null;
  const tools = toolUse === undefined ? [] : chosenTools(toolUse);
  const { text, format } = renderedTurns(loaded, request, toolUse?.tools ?? []);
  const prompt = text.tokenize(loaded.tokenizer);
  if (toolUse === undefined) return { prompt, calls: null };
  const calls = await callPlan(loaded.model, format, tools, toolUse, sampling);
  if (!calls.isForced) return { prompt, calls };
  // A model that thinks first gets an empty thought, so that it begins with the call.
  const thought = text.toString().trimEnd().endsWith("<think>") ? "\n</think>\n\n" : "";
  return { prompt: [...prompt, ...special(loaded.model, thought + format.opening)], calls };
}

const special = (model: LlamaModel, text: string): Token[] =>
  text === "" ? [] : LlamaText(new SpecialTokensText(text)).tokenize(model.tokenizer);

function chosenTools({ tools, choice }: ToolUse): Tool[] {
  if (typeof choice === "string") return tools;
  const named = tools.filter(tool => tool.name === choice.name);
  if (named.length > 0) return named;
  throw new JobError(
    "INVALID_INPUT",
    `No tool is named "${choice.name}". The tools are ${tools.map(tool => tool.name).join(", ")}.`,
  );
}

interface Rendered {
  readonly text: LlamaText;
  readonly format: CallFormat;
}

/** The model's own template where it knows tools, otherwise a general description of them. */
function renderedTurns(
  { template, toolTemplate }: ToolModel,
  { turns, templateOptions }: ToolRequest,
  tools: readonly Tool[],
): Rendered {
  try {
    if (toolTemplate) return { text: toolTemplate.render(turns, tools, templateOptions), format: toolTemplate.format };
  } catch {
    // Some templates refuse some conversations: several calls at once, or two turns of the user in a row.
  }
  const text = template.with(templateOptions).render(toChatHistory(genericTurns(turns, tools)));
  return { text: LlamaText(text), format: hermesFormat };
}

const parametersShape = z.record(z.string(), z.json());

function callable({ name, parameters = {} }: Tool): CallableTool {
  const parsed = parametersShape.safeParse(parameters);
  if (!parsed.success) throw new JobError("INVALID_INPUT", `The parameters of the tool "${name}" are no JSON schema.`);
  const { type = "object" } = parsed.data;
  if (type !== "object")
    throw new JobError(
      "INVALID_INPUT",
      `The parameters of the tool "${name}" must be a schema of the type object, not ${JSON.stringify(type)}.`,
    );
  const isFree = !("properties" in parsed.data) && !("additionalProperties" in parsed.data) && !("$ref" in parsed.data);
  return { name, parameters: { ...parsed.data, type, ...(isFree && { properties: {} }) } };
}

async function callPlan(
  model: LlamaModel,
  format: CallFormat,
  tools: readonly Tool[],
  { choice, parallel }: ToolUse,
  { grammar, jsonSchema }: ToolRequest["sampling"],
): Promise<CallPlan> {
  if (grammar !== undefined) throw new JobError("INVALID_INPUT", "A grammar and tools cannot be combined.");
  const named = tools.map(callable);
  const triggers = triggerTexts(format, tools);
  try {
    const checks = new Map(named.map(({ name, parameters }) => [name, SchemaCheck.of(parameters)]));
    const schema = jsonSchema === undefined ? undefined : z.json().parse(jsonSchema);
    return {
      format,
      isForced: choice !== "auto",
      triggers:
        format.trigger.kind === "special" ? triggers.map(text => LlamaText(new SpecialTokensText(text))) : triggers,
      textGrammar:
        schema === undefined
          ? undefined
          : await model.llama.createGrammar({ grammar: schemaOrCallGrammar(schema, triggers) }),
      grammar: await model.llama.createGrammar({ grammar: callGrammar(format, named, parallel) }),
      promptAfter: (tokens, promptTokens) => [
        ...beforeTrigger(model, tokens, promptTokens, triggers),
        ...special(model, format.opening),
      ],
      check(calls) {
        for (const call of calls) checkCall(call, checks.get(call.name));
      },
    };
  } catch (error) {
    throw error instanceof JobError
      ? error
      : new JobError("INVALID_INPUT", `These tools cannot be used: ${errorReason(error)}`);
  }
}

function triggerTexts({ trigger, beforeName }: CallFormat, tools: readonly Tool[]): string[] {
  return trigger.kind === "call" ? tools.map(tool => `${beforeName}${tool.name}"`) : [trigger.text];
}

function checkCall(call: ReadCall, check: SchemaCheck | undefined): void {
  const fault = check?.faultOf(call.arguments) ?? null;
  if (fault === null) return;
  throw new JobError("ENGINE_FAILED", `The arguments of "${call.name}" do not follow its schema: ${fault}. Ask again.`);
}

/**
 * The tokens before a trigger. The last token of the trigger may be missing, because the engine stops before it computes it, and a
 * token may hold the beginning of the trigger and the end of the text.
 */
function beforeTrigger(
  model: LlamaModel,
  tokens: readonly Token[],
  promptTokens: number,
  triggers: readonly string[],
): Token[] {
  const answer = tokens.slice(promptTokens);
  const text = model.detokenize(answer, true);
  const start = Math.min(...triggers.map(trigger => startOf(text, trigger)));
  let kept = answer.length;
  while (kept > 0 && model.detokenize(answer.slice(0, kept), true).length > start) kept -= 1;
  const keptText = model.detokenize(answer.slice(0, kept), true);
  const lost = text.slice(keptText.length, start);
  return [...tokens.slice(0, promptTokens), ...answer.slice(0, kept), ...(lost === "" ? [] : model.tokenize(lost))];
}

/** Where a trigger starts at the end of a text that may lack the trigger's end. */
function startOf(text: string, trigger: string): number {
  const whole = text.lastIndexOf(trigger);
  if (whole >= 0) return whole;
  for (let length = Math.min(trigger.length, text.length); length > 0; length--)
    if (text.endsWith(trigger.slice(0, length))) return text.length - length;
  return text.length;
}
