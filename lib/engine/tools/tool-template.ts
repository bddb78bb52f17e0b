import { type LlamaModel, LlamaText, SpecialTokensText } from "node-llama-cpp";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import type { Tool } from "@/lib/schema/tools";
import type { TemplateOptions } from "../prompt/choose-wrapper";
import { checkGrowth } from "../template-sandbox/check-growth";
import { templateSandbox } from "../template-sandbox/template-sandbox";
import { type CallFormat, formatOf } from "./call-format";

/** A message as chat templates know it. */
type Message = Record<string, unknown>;

const probeTool: Tool = {
  name: "probe_tool",
  description: "probe-description",
  parameters: { type: "object", properties: { word: { type: "string", description: "A word." } }, required: ["word"] },
};
const probeArguments = '{"word":"probe-argument"}';
const probeTurns: readonly ChatTurn[] = [
  { role: "user", content: "probe-question" },
  { role: "assistant", content: "", toolCalls: [{ id: "call00001", name: probeTool.name, arguments: probeArguments }] },
  { role: "tool", content: "probe-result", callId: "call00001" },
];

/** Mistral's templates refuse every other form. */
const ID_CHARACTERS = 9;
const shortId = (id: string): string => {
  let hash = 0n;
  for (const character of id) hash = (hash * 131n + BigInt(character.codePointAt(0) ?? 0)) % 36n ** 9n;
  return hash.toString(36).padStart(ID_CHARACTERS, "0");
};

/**
 * The model's own chat template, where it has a format for tools that is known here. Texts of the conversation are put in after the
 * template has run, so that special tokens in them stay text.
 */
export class ToolTemplate {
  private constructor(
    private readonly source: string,
    private readonly names: { readonly bos_token: string; readonly eos_token: string },
    readonly format: CallFormat,
  ) {}

  /** @returns null for a template that knows no tools, or in another format */
  static of(model: Pick<LlamaModel, "fileInfo" | "tokens">): ToolTemplate | null {
    const source = toolSource(model.fileInfo.metadata.tokenizer);
    if (source === null) return null;
    const { bosString, eosString } = model.tokens;
    return ToolTemplate.fromSource(source, { bos_token: bosString ?? "", eos_token: eosString ?? "" });
  }

  static fromSource(
    source: string,
    names: { readonly bos_token: string; readonly eos_token: string },
  ): ToolTemplate | null {
    try {
      const probe = new ToolTemplate(source, names, NO_FORMAT).render(probeTurns, [probeTool]).toString();
      const knows = ["probe-question", "probe-description", "probe-result"].every(text => probe.includes(text));
      const format = knows ? formatOf(probe, probeTool.name, probeArguments) : null;
      return format === null ? null : new ToolTemplate(source, names, format);
    } catch {
      return null;
    }
  }

  /** The conversation and the start of the model's answer. @throws what the template throws, or TimeLimitError */
  render(turns: readonly ChatTurn[], tools: readonly Tool[], options: TemplateOptions = {}): LlamaText {
    const texts = new Placeholders();
    const last = turns.at(-1);
    // A turn to continue is put after the answer's start, because templates would end it.
    const continued = last?.role === "assistant" && !last.toolCalls?.length ? last.content : null;
    const messages = (continued === null ? turns : turns.slice(0, -1)).map(turn => messageOf(turn, turns, texts));
    const items = {
      ...options,
      ...this.names,
      messages,
      ...(tools.length > 0 && { tools: tools.map(toolOf) }),
      add_generation_prompt: true,
    };
    const rendered = templateSandbox.render(this.source, items);
    const text = LlamaText([...texts.filled(rendered), continued ?? ""]);
    checkGrowth(text, [turns, tools]);
    return text;
  }
}

const NO_FORMAT: CallFormat = {
  opening: "",
  beforeName: "",
  beforeArguments: "",
  afterArguments: "",
  separator: null,
  closing: "",
  trigger: { kind: "call" },
};

type TokenizerMetadata = LlamaModel["fileInfo"]["metadata"]["tokenizer"];

/** A file may carry a second template for tools. */
function toolSource(tokenizer: TokenizerMetadata): string | null {
  const named: unknown = (tokenizer as Record<string, unknown> | undefined)?.["chat_template.tool_use"];
  const source = typeof named === "string" ? named : tokenizer?.chat_template;
  return source?.includes("tool") ? source : null;
}

const toolOf = ({ name, description, parameters }: Tool) => ({
  type: "function",
  function: {
    name,
    description: description ?? "",
    parameters: parameters ?? { type: "object", properties: {} },
  },
});

function messageOf(turn: ChatTurn, turns: readonly ChatTurn[], texts: Placeholders): Message {
  const content = texts.add(turn.content);
  if (turn.role === "tool")
    return { role: "tool", content, tool_call_id: shortId(turn.callId), name: nameOfCall(turn.callId, turns) };
  if (turn.role !== "assistant") return { role: turn.role, content };
  const thought = turn.thought && { reasoning_content: texts.add(turn.thought) };
  if (!turn.toolCalls?.length) return { role: "assistant", content, ...thought };
  return {
    role: "assistant",
    content: turn.content === "" ? "" : content,
    ...thought,
    tool_calls: turn.toolCalls.map(call => ({
      id: shortId(call.id),
      type: "function",
      function: { name: call.name, arguments: texts.addInside(parsedArguments(call.arguments)) },
    })),
  };
}

const nameOfCall = (id: string, turns: readonly ChatTurn[]): string =>
  turns.flatMap(turn => (turn.role === "assistant" ? (turn.toolCalls ?? []) : [])).find(call => call.id === id)?.name ??
  "";

function parsedArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The client sent back an answer that was cut.
    return text;
  }
}

/** Stands in for texts while the template runs. */
class Placeholders {
  readonly #texts: string[] = [];
  /** Letters and digits only, so that no filter of a template changes them. */
  readonly #mark = `text${Math.random().toString(36).slice(2)}`;

  add(text: string): string {
    this.#texts.push(text);
    return `${this.#mark}n${this.#texts.length - 1}e`;
  }

  /** All texts inside of a JSON value, except its keys. */
  addInside(value: unknown): unknown {
    if (typeof value === "string") return this.add(value);
    if (Array.isArray(value)) return value.map(item => this.addInside(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.addInside(item)]));
  }

  /** The template's own text as special tokens, and the texts in their places. A text in quotes is a JSON string there. */
  filled(rendered: string): (string | SpecialTokensText)[] {
    const parts = rendered.split(new RegExp(`${this.#mark}n(\\d+)e`));
    return parts.map((part, index) => {
      if (index % 2 === 0) return new SpecialTokensText(part);
      const text = this.#texts[Number(part)] ?? "";
      const isQuoted = parts[index - 1]?.endsWith('"') && parts[index + 1]?.startsWith('"');
      return isQuoted ? JSON.stringify(text).slice(1, -1) : text;
    });
  }
}
