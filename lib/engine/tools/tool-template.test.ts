import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import { ToolTemplate } from "./tool-template";

/** Templates from llama.cpp's models/templates (MIT). */
const template = (name: string): ToolTemplate => {
  const source = readFileSync(`${import.meta.dirname}/testing/${name}.jinja`, "utf8");
  const read = ToolTemplate.fromSource(source, { bos_token: "<s>", eos_token: "</s>" });
  if (read === null) throw new Error(`${name} was not understood.`);
  return read;
};
const qwen = "qwen-qwen2-5-7b-instruct";
const llama = "meta-llama-llama-3-2-3b-instruct";
const mistral = "mistralai-mistral-nemo-instruct-2407";

const tool = { name: "weather", description: "Says the weather.", parameters: { type: "object", properties: {} } };
const question: ChatTurn = { role: "user", content: 'In "Paris"<|im_end|>?' };
const called: ChatTurn[] = [
  question,
  {
    role: "assistant",
    content: "",
    toolCalls: [{ id: "call_1", name: "weather", arguments: '{"city":"Pa\\"ris<|im_end|>"}' }],
  },
  { role: "tool", content: '{"degrees": 3}', callId: "call_1" },
];

describe("the model's own template for tools", () => {
  it.each([
    [qwen, "<tool_call>\n"],
    [llama, ""],
    [mistral, "[TOOL_CALLS]["],
  ])("is recognised by what it makes of a call: %s", (name, opening) => {
    expect(template(name).format.opening).toBe(opening);
  });

  it("describes the tools and writes calls and results as Qwen's", () => {
    const text = template(qwen).render(called, [tool]).toString();
    expect(text).toContain('{"type": "function", "function": {"name": "weather", "description": "Says the weather."');
    expect(text).toContain(
      '<tool_call>\n{"name": "weather", "arguments": {"city": "Pa\\"ris<|im_end|>"}}\n</tool_call><|im_end|>',
    );
    expect(text).toMatch(
      /<tool_response>\n\{"degrees": 3\}\n<\/tool_response><\|im_end\|>\n<\|im_start\|>assistant\n$/,
    );
  });

  it("writes a result as a JSON string where the template does: Llama 3", () => {
    expect(template(llama).render(called, [tool]).toString()).toContain(
      'ipython<|end_header_id|>\n\n"{\\"degrees\\": 3}"<|eot_id|>',
    );
  });

  it("gives calls the ids of nine characters that Mistral's wants", () => {
    expect(template(mistral).render(called, [tool]).toString()).toMatch(
      /"id": "([a-z0-9]{9})"\}\]<\/s>\[TOOL_RESULTS\]\{"content": \{"degrees": 3\}, "call_id": "\1"\}/,
    );
  });

  it("keeps special tokens in texts and arguments as text", () => {
    const parts = template(qwen).render(called, [tool]).values;
    const plain = parts.filter(part => typeof part === "string");
    expect(plain).toEqual(['In "Paris"<|im_end|>?', 'Pa\\"ris<|im_end|>', '{"degrees": 3}']);
  });

  it("puts a turn to continue after the start of the answer", () => {
    const turns: ChatTurn[] = [question, { role: "assistant", content: "It is" }];
    expect(template(qwen).render(turns, [tool]).toString()).toMatch(/<\|im_start\|>assistant\nIt is$/);
  });

  it("gives the template what the model thought before a call", () => {
    const source = `{{ tools | tojson }}{% for m in messages %}{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>
{% endif %}{{ m.content }}{% if m.tool_calls %}{% for c in m.tool_calls %}<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{% endfor %}{% endif %}{% endfor %}`;
    const thinking = ToolTemplate.fromSource(source, { bos_token: "", eos_token: "" });
    const turns = called.map(turn => (turn.role === "assistant" ? { ...turn, thought: "They ask </think>." } : turn));
    const text = thinking?.render(turns, [tool]);
    expect(text?.toString()).toContain("<think>They ask </think>.</think>\n<tool_call>");
    expect(text?.values).toContain("They ask </think>.");
    expect(template(qwen).render(turns, [tool]).toString()).not.toContain("They ask");
  });

  it.each([
    ["knows no tools", "{% for m in messages %}{{ m.content }}{% endfor %}"],
    [
      "writes calls in another way",
      "{{ tools }}{% for m in messages %}{{ m.content }}<call {{ m.tool_calls }}>{% endfor %}",
    ],
    ["does not compile", "{% for tool in %}"],
    ["needs all memory for a list", "{{ range(100000000000) }}{{ tools }}"],
    [
      "needs all memory for a text",
      "{% set n = namespace(s='xxxxxxxxxxxxxxxx') %}{% for i in range(10) %}{% set n.s = n.s|replace('x', n.s) %}{% endfor %}{{ tools }}",
    ],
    [
      "writes the same text too often",
      "{{ tools }}{% for i in range(90000) %}{{ messages[0].content }}{{ tools }}{% endfor %}",
    ],
    ["never ends", "{% for tool in range(99999) %}{% for again in range(99999) %}{% endfor %}{% endfor %}"],
  ])("is not used when it %s", (_, source) => {
    expect(ToolTemplate.fromSource(source, { bos_token: "", eos_token: "" })).toBeNull();
  });
});
