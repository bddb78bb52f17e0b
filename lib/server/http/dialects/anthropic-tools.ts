import * as z from "zod";
import type { CountTokensRequest } from "@/lib/schema/clients/anthropic";
import { refuseInput } from "./refuse-input";

type SentTools = NonNullable<CountTokensRequest["tools"]>;

const text = { type: "string" } as const;
const whole = { type: "integer" } as const;
const lines = { type: "array", items: whole, minItems: 2, maxItems: 2 } as const;
const commands = (...names: string[]) => ({ type: "string", enum: names });
const paramsOf = (properties: object, required: readonly string[]) => ({ type: "object", properties, required });

/**
 * Tools that the client runs and Anthropic's own models know by their type alone. Other models have to be told what they take.
 *
 * @see https://docs.anthropic.com/en/docs/agents-and-tools/tool-use
 */
const knownByType: readonly { readonly type: RegExp; readonly description: string; readonly parameters: object }[] = [
  {
    type: /^bash_\d+$/,
    description: "Runs a command in a bash shell that stays open between calls. restart opens a new one.",
    parameters: paramsOf({ command: text, restart: { type: "boolean" } }, []),
  },
  {
    type: /^text_editor_\d+$/,
    description:
      "Views, creates and edits files. str_replace needs old_str and new_str, create needs file_text, insert needs insert_line and insert_text.",
    parameters: paramsOf(
      {
        command: commands("view", "create", "str_replace", "insert"),
        path: text,
        view_range: lines,
        file_text: text,
        old_str: text,
        new_str: text,
        insert_line: whole,
        insert_text: text,
      },
      ["command", "path"],
    ),
  },
  {
    type: /^memory_\d+$/,
    description:
      "Keeps files below /memories for later conversations. str_replace needs path, old_str and new_str, rename needs old_path and new_path.",
    parameters: paramsOf(
      {
        command: commands("view", "create", "str_replace", "insert", "delete", "rename"),
        path: text,
        view_range: lines,
        file_text: text,
        old_str: text,
        new_str: text,
        insert_line: whole,
        insert_text: text,
        old_path: text,
        new_path: text,
      },
      ["command"],
    ),
  },
];

const toolSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()).nullish(),
});

/** @returns none for a tool that runs at Anthropic's service */
function functionsOf(tool: SentTools[number], where: string): object[] {
  const type = tool.type ?? "custom";
  const known = knownByType.find(entry => entry.type.test(type));
  if (type !== "custom" && known === undefined) return [];
  const parsed = toolSchema.safeParse(tool);
  if (!parsed.success)
    return refuseInput(
      `${where}.${parsed.error.issues[0]?.path.join(".")} of this tool is missing or of another type.`,
    );
  const { name, description, input_schema: parameters } = { ...parsed.data, ...known };
  const schema = known?.parameters ?? parameters;
  return [
    {
      type: "function",
      function: { name, ...(description != null && { description }), ...(schema && { parameters: schema }) },
    },
  ];
}

export interface AnthropicTools {
  /** As a chat completion names them. */
  readonly tools: readonly object[];
  /** Tools that run at Anthropic's service: "tools[1].web_search_20250305". An agent's model does without them. */
  readonly leftOut: readonly string[];
}

/** @throws RequestError where nothing but tools of Anthropic's service is offered */
export function anthropicTools(sent: CountTokensRequest["tools"]): AnthropicTools {
  const groups = (sent ?? []).map((tool, index) => ({ tool, index, functions: functionsOf(tool, `tools[${index}]`) }));
  const tools = groups.flatMap(({ functions }) => functions);
  const hosted = groups.filter(({ functions }) => functions.length === 0);
  const [first] = hosted;
  if (first !== undefined && tools.length === 0)
    refuseInput(`tools[${first.index}]: ${first.tool.type} runs at Anthropic's service, and is not here.`);
  return { tools, leftOut: hosted.map(({ tool, index }) => `tools[${index}].${tool.type}`) };
}
