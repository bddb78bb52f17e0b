import { describe, expect, it } from "vitest";
import { type CallFormat, formatOf, hermesFormat } from "./call-format";
import { CallReader } from "./call-reader";

const llama = formatOf('{"name": "f", "parameters": {"a":1}}', "f", '{"a":1}') as CallFormat;
const mistral = formatOf('[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}}]', "f", '{"a":1}') as CallFormat;

/** Calls as they come after the opening, and what they mean. */
const answers: [string, CallFormat, string, { name: string; arguments: string }[]][] = [
  [
    "one call",
    hermesFormat,
    '{"name": "add", "arguments": {"a": 1}}\n</tool_call>',
    [{ name: "add", arguments: '{"a": 1}' }],
  ],
  [
    "two calls",
    hermesFormat,
    '{"name": "add", "arguments": {}}\n</tool_call>\n<tool_call>\n{"name": "sub", "arguments": {"list": [1, {"b": []}]}}\n</tool_call>',
    [
      { name: "add", arguments: "{}" },
      { name: "sub", arguments: '{"list": [1, {"b": []}]}' },
    ],
  ],
  [
    "brackets, quotes and a call inside of a text",
    hermesFormat,
    String.raw`{"name": "say", "arguments": {"text": "} \" {\"name\": \"x\", \\"}}`,
    [{ name: "say", arguments: String.raw`{"text": "} \" {\"name\": \"x\", \\"}` }],
  ],
  ["parameters", llama, '{"name": "add", "parameters": {"a": "é😀"}}', [{ name: "add", arguments: '{"a": "é😀"}' }]],
  [
    "a list",
    mistral,
    '{"name": "add", "arguments": {"a": 1}}, {"name": "sub", "arguments": {"a": 2}}]',
    [
      { name: "add", arguments: '{"a": 1}' },
      { name: "sub", arguments: '{"a": 2}' },
    ],
  ],
  [
    "arguments that were cut",
    hermesFormat,
    '{"name": "add", "arguments": {"a": "x',
    [{ name: "add", arguments: '{"a": "x' }],
  ],
  ["a name that was cut", hermesFormat, '{"name": "ad', []],
  ["nothing", hermesFormat, "", []],
];

describe("CallReader", () => {
  it.each(answers)("reads %s", (_, format, text, calls) => {
    const reader = new CallReader(format);
    reader.read(text);
    expect(reader.calls).toEqual(calls);
  });

  it.each(answers)("reads %s letter by letter, and the pieces make the same calls", (_, format, text, calls) => {
    const reader = new CallReader(format);
    const joined: { name: string; arguments: string }[] = [];
    for (const letter of text.split(""))
      for (const piece of reader.read(letter)) {
        joined[piece.index] ??= { name: piece.name, arguments: "" };
        const call = joined[piece.index];
        if (call) call.arguments += piece.text;
      }
    expect(joined).toEqual(calls);
  });
});
