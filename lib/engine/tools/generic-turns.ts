import type { ChatTurn } from "@/lib/schema/engine-commands";
import type { Tool } from "@/lib/schema/tools";
import { callStart, hermesFormat } from "./call-format";

/** The words with which Hermes and Qwen were trained, because most models have seen them. */
const instruction = (tools: readonly Tool[]): string => `# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
${tools.map(tool => JSON.stringify({ type: "function", function: tool })).join("\n")}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call>`;

type CallTurn = Extract<ChatTurn, { role: "assistant" }>;

function withCalls({ content, toolCalls = [] }: CallTurn): string {
  const { opening, afterArguments, closing } = hermesFormat;
  const calls = toolCalls.map(
    call => `${opening}${callStart(hermesFormat, call.name)}${call.arguments}${afterArguments}${closing}`,
  );
  return [content, ...calls].filter(text => text !== "").join("\n");
}

/** Turns for a template that knows nothing of tools: tools and calls become text. Results in a row become one turn. */
export function genericTurns(turns: readonly ChatTurn[], tools: readonly Tool[]): ChatTurn[] {
  const plain: ChatTurn[] = [];
  let isAfterResult = false;
  for (const turn of turns) {
    const last = plain.at(-1);
    if (turn.role === "tool") {
      const result = `<tool_response>\n${turn.content}\n</tool_response>`;
      if (isAfterResult && last?.role === "user") last.content += `\n${result}`;
      else plain.push({ role: "user", content: result });
    } else plain.push({ role: turn.role, content: turn.role === "assistant" ? withCalls(turn) : turn.content });
    isAfterResult = turn.role === "tool";
  }
  return tools.length === 0 ? plain : withInstruction(plain, instruction(tools));
}

function withInstruction([first, ...rest]: readonly ChatTurn[], text: string): ChatTurn[] {
  if (first?.role !== "system") return [{ role: "system", content: text }, ...(first ? [first] : []), ...rest];
  return [{ role: "system", content: [first.content, text].filter(part => part !== "").join("\n\n") }, ...rest];
}
