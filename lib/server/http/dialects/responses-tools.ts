import * as z from "zod";
import type { ResponsesRequest } from "@/lib/schema/clients/responses";
import type { ToolCall } from "@/lib/schema/tools";
import { parseJson } from "@/lib/server/system/parse-json";
import { refuseInput } from "./refuse-input";

type SentTool = NonNullable<ResponsesRequest["tools"]>[number];
type SentChoice = NonNullable<ResponsesRequest["tool_choice"]>;

/** The form in which a call of the tool goes back to the client. */
export type CallWords =
  | { readonly kind: "function"; readonly name: string; readonly namespace?: string }
  | { readonly kind: "custom"; readonly name: string }
  | { readonly kind: "shell" };

/** The engine knows only functions, so a tool of every kind is one, whose calls are written back in the tool's own words. */
interface OfferedTool {
  readonly words: CallWords;
  readonly name: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

const functionSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
});
const namespaceSchema = z.looseObject({ name: z.string(), tools: z.array(z.looseObject({ type: z.string() })) });
const customSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  format: z.looseObject({ syntax: z.string().nullish(), definition: z.string().nullish() }).nullish(),
});

/** The function of a group, by one name. Agents put the tools of one MCP server in a group. */
export const nameInGroup = (namespace: string | null | undefined, name: string): string =>
  namespace == null || namespace === "" ? name : `${namespace.replace(/_+$/, "")}__${name}`;

const LOCAL_SHELL = "local_shell";
const shellParameters = {
  type: "object",
  properties: {
    command: { type: "array", items: { type: "string" }, minItems: 1, description: "The program and its arguments." },
    workdir: { type: "string", description: "The folder to run it in." },
    timeout_ms: { type: "integer", minimum: 0 },
  },
  required: ["command"],
  additionalProperties: false,
} as const;

const textParameters = {
  type: "object",
  properties: { input: { type: "string", description: "The whole input of the tool, as plain text." } },
  required: ["input"],
  additionalProperties: false,
} as const;

function functionTool(tool: SentTool, where: string, namespace?: string): OfferedTool {
  const parsed = functionSchema.safeParse(tool);
  if (!parsed.success) refuseInput(`${where}: a function needs a name, and parameters that are a JSON schema.`);
  const { name, description, parameters } = parsed.data;
  return {
    words: { kind: "function", name, ...(namespace !== undefined && { namespace }) },
    name: nameInGroup(namespace, name),
    ...(description != null && { description }),
    ...(parameters != null && { parameters }),
  };
}

/** Its input is one text. The model reads the grammar of the input, but nothing enforces it. */
function customTool(tool: SentTool, where: string): OfferedTool {
  const parsed = customSchema.safeParse(tool);
  if (!parsed.success) refuseInput(`${where}: a custom tool needs a name.`);
  const { name, description, format } = parsed.data;
  const grammar =
    format?.definition == null ? [] : [`The input follows this ${format.syntax ?? ""} grammar:\n${format.definition}`];
  return {
    words: { kind: "custom", name },
    name,
    description: [...(description == null ? [] : [description]), ...grammar].join("\n\n"),
    parameters: textParameters,
  };
}

/** @returns none for a tool that runs at OpenAI's service */
function offered(tool: SentTool, where: string): OfferedTool[] {
  if (tool.type === "function") return [functionTool(tool, where)];
  if (tool.type === "custom") return [customTool(tool, where)];
  if (tool.type === LOCAL_SHELL)
    return [
      {
        words: { kind: "shell" },
        name: LOCAL_SHELL,
        description: "Runs a program on the user's computer.",
        parameters: shellParameters,
      },
    ];
  if (tool.type !== "namespace") return [];
  const parsed = namespaceSchema.safeParse(tool);
  if (!parsed.success) return refuseInput(`${where}: a namespace needs a name and a list of tools.`);
  const { name, tools } = parsed.data;
  return tools.flatMap((inner, index) =>
    inner.type === "function" ? [functionTool(inner, `${where}.tools[${index}]`, name)] : offered(inner, where),
  );
}

const choiceSchema = z.looseObject({ name: z.string(), namespace: z.string().nullish() });
const allowedSchema = z.looseObject({
  mode: z.enum(["auto", "required"]),
  tools: z.array(z.looseObject({ type: z.string() })),
});

/** The tools of a request in the Responses API. */
export class ResponsesTools {
  private constructor(
    private readonly tools: readonly OfferedTool[],
    /** Tools that run at OpenAI's service: "tools[1].web_search". An agent's model does without them. */
    readonly leftOut: readonly string[],
  ) {}

  /** @throws RequestError where nothing but tools of OpenAI's service is offered */
  static of(sent: ResponsesRequest["tools"]): ResponsesTools {
    const groups = (sent ?? []).map((tool, index) => ({ tool, index, offers: offered(tool, `tools[${index}]`) }));
    const tools = groups.flatMap(({ offers }) => offers);
    const hosted = groups.filter(({ tool, offers }) => offers.length === 0 && tool.type !== "namespace");
    const [first] = hosted;
    if (first !== undefined && tools.length === 0)
      refuseInput(`tools[${first.index}]: ${first.tool.type} runs at OpenAI's service, and is not here.`);
    return new ResponsesTools(
      tools,
      hosted.map(({ tool, index }) => `tools[${index}].${tool.type}`),
    );
  }

  /** As a chat completion names them. @throws RequestError for a choice that cannot be made */
  forChat(choice: SentChoice | null | undefined): object {
    const { tools, toolChoice } = this.#chosen(choice);
    return {
      ...(tools.length > 0 && { tools: tools.map(({ words: _, ...own }) => ({ type: "function", function: own })) }),
      ...(toolChoice != null && { tool_choice: toolChoice }),
    };
  }

  #chosen(choice: SentChoice | null | undefined): { tools: readonly OfferedTool[]; toolChoice: unknown } {
    if (choice == null || typeof choice === "string") return { tools: this.tools, toolChoice: choice };
    if (choice.type !== "allowed_tools")
      return { tools: this.tools, toolChoice: { type: "function", function: { name: namedBy(choice) } } };
    const allowed = allowedSchema.safeParse(choice);
    if (!allowed.success) return refuseInput("tool_choice: allowed_tools needs mode and a list of tools.");
    const names = allowed.data.tools.map(namedBy);
    return { tools: this.tools.filter(({ name }) => names.includes(name)), toolChoice: allowed.data.mode };
  }

  /** The words for a call of this function of the engine's. */
  wordsOf({ name }: Pick<ToolCall, "name">): CallWords {
    return this.tools.find(tool => tool.name === name)?.words ?? { kind: "function", name };
  }
}

function namedBy(choice: { readonly type: string }): string {
  if (choice.type === LOCAL_SHELL) return LOCAL_SHELL;
  const named = choiceSchema.safeParse(choice);
  if (named.success && (choice.type === "function" || choice.type === "custom"))
    return nameInGroup(named.data.namespace, named.data.name);
  return refuseInput(
    `tool_choice: ${choice.type} is not here; it can be auto, none, required or a tool of the request by its name.`,
  );
}

/** A call of a tool that takes one text, as a call of the function that stands for it; and back. */
export const argumentsOfText = (input: string): string => JSON.stringify({ input });

export function textOfArguments(text: string): string {
  const parsed = z.object({ input: z.string() }).safeParse(parseJson(text));
  return parsed.success ? parsed.data.input : "";
}

const shellSchema = z.object({
  command: z.array(z.string()),
  workdir: z.string().nullish(),
  timeout_ms: z.number().nullish(),
});

/** What Codex and OpenAI's own agents call an action of the shell. */
export function shellActionOf(text: string): object {
  const parsed = shellSchema.safeParse(parseJson(text));
  const { command, workdir, timeout_ms: timeoutMs } = parsed.success ? parsed.data : { command: [] };
  return {
    type: "exec",
    command,
    env: {},
    working_directory: workdir ?? null,
    timeout_ms: timeoutMs ?? null,
    user: null,
  };
}
