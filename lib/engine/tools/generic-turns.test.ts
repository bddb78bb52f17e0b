import { expect, test } from "vitest";
import { genericTurns } from "./generic-turns";

const tool = { name: "add", parameters: { type: "object" } };

test("tools are described after the system prompt", () => {
  const [system, user] = genericTurns(
    [
      { role: "system", content: "Be brief." },
      { role: "user", content: "1 + 2?" },
    ],
    [tool],
  );
  expect(system?.content).toMatch(/^Be brief\.\n\n# Tools\n/);
  expect(system?.content).toContain('{"type":"function","function":{"name":"add","parameters":{"type":"object"}}}');
  expect(user).toEqual({ role: "user", content: "1 + 2?" });
});

test("calls and results become text, and results in a row are one turn", () => {
  expect(
    genericTurns(
      [
        { role: "user", content: "1 + 2, 3 + 4?" },
        {
          role: "assistant",
          content: "Adding.",
          toolCalls: [
            { id: "a", name: "add", arguments: '{"x":1}' },
            { id: "b", name: "add", arguments: '{"x":3}' },
          ],
        },
        { role: "tool", content: "3", callId: "a" },
        { role: "tool", content: "7", callId: "b" },
      ],
      [],
    ),
  ).toEqual([
    { role: "user", content: "1 + 2, 3 + 4?" },
    {
      role: "assistant",
      content:
        'Adding.\n<tool_call>\n{"name": "add", "arguments": {"x":1}}\n</tool_call>\n<tool_call>\n{"name": "add", "arguments": {"x":3}}\n</tool_call>',
    },
    { role: "user", content: "<tool_response>\n3\n</tool_response>\n<tool_response>\n7\n</tool_response>" },
  ]);
});
