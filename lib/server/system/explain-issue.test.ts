import { describe, expect, it } from "vitest";
import * as z from "zod";
import { chatPatchSchema, chatRequestSchema, newChatSchema } from "@/lib/schema/chat";
import { chatCompletionRequestSchema, completionRequestSchema } from "@/lib/schema/clients/openai";
import { explainIssue } from "./explain-issue";

const chat = { messages: [{ role: "user", content: "Hello" }] };
const message = { id: "m1", role: "user", parts: [] };

const completions: readonly (readonly [unknown, string])[] = [
  [{ ...chat, tools: [{ type: "function" }] }, "tools[0].function is missing: it must be an object."],
  [{ ...chat, logit_bias: { 5: "x" } }, 'logit_bias.5 must be false or a number, not "x".'],
  [{ ...chat, n: 0 }, "n must be a whole number from 1 to 16, not 0."],
  [{ ...chat, tool_choice: "always" }, 'tool_choice must be one of none, auto, required or an object, not "always".'],
  [{ ...chat, max_tokens: 0 }, "max_tokens must be -1 or a whole number of at least 1, not 0."],
  [{ ...chat, temperature: "warm" }, 'temperature must be a number from 0 to 5, not "warm".'],
  [{ ...chat, modalities: ["text", "audio"] }, 'modalities[1] must be "text", not "audio".'],
  [{ ...chat, stop: ["a", 5] }, "stop[1] must be text of at most 256 characters, not 5."],
  [
    { ...chat, stream_options: { include_usage: "yes" } },
    'stream_options.include_usage must be true or false, not "yes".',
  ],
  [{}, "messages is missing: it must be a list of 1 to 10000 entries."],
  [{ messages: "Hello" }, 'messages must be a list of 1 to 10000 entries, not "Hello".'],
  [{ messages: [] }, "messages must be a list of 1 to 10000 entries, not an empty list."],
  [
    { messages: [{ role: "function", content: "x" }] },
    'messages[0].role must be one of system, developer, user, assistant, tool, not "function".',
  ],
  [{ messages: [{ role: "user" }] }, "messages[0].content is missing: it must be text or a list of at least 1 entry."],
  [
    { messages: [{ role: "user", content: [{ text: "x" }] }] },
    "messages[0].content[0].type is missing: it must be text.",
  ],
  [
    { ...chat, response_format: { type: "xml" } },
    'response_format.type must be one of text, json_object, json_schema, not "xml".',
  ],
  [{ ...chat, functions: [{ name: "f" }] }, "functions must be left out: send tools."],
  [{ ...chat, audio: { voice: "x" } }, "audio must be left out, because this engine cannot do it."],
  ["Hello", 'The body must be an object, not "Hello".'],
  [[1, 2], "The body must be an object, not a list of 2 entries."],
];

const letters = [..."abcdefghijklmnopqrstuvwxyz"];

const others: readonly (readonly [z.core.$ZodType, unknown, string])[] = [
  [
    z.object({ letter: z.enum(letters) }),
    { letter: "ä" },
    'letter must be one of a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x and 2 more, not "ä".',
  ],
  [completionRequestSchema, { prompt: "x", suffix: 5 }, "suffix must be text, not 5."],
  [completionRequestSchema, { prompt: "x", echo: "yes" }, 'echo must be true or false, not "yes".'],
  [completionRequestSchema, { prompt: "x", n: 99 }, "n must be a whole number from 1 to 16, not 99."],
  [chatPatchSchema, { title: "t".repeat(201) }, "title must be text of 1 to 200 characters, not 201 characters."],
  [chatPatchSchema, { titel: "x" }, 'There is no field "titel".'],
  [newChatSchema, { sampling: { topk: 1 } }, 'There is no field "topk" in sampling.'],
  [chatPatchSchema, { title: "" }, 'title must be text of 1 to 200 characters, not "".'],
  [chatPatchSchema, { deleted: true }, "deleted must be false, not true."],
  [newChatSchema, { id: "../x" }, 'id must be an id of at most 64 letters, digits, "-" and "_", not "../x".'],
  [newChatSchema, { sampling: { jsonSchema: "[]" } }, 'sampling.jsonSchema must be a JSON object, not "[]".'],
  [
    chatRequestSchema,
    { chatId: "c1", message: { ...message, parts: [{ type: "file", url: "x" }] } },
    'message.parts[0].type must be one of text, data-attachment, not "file".',
  ],
  [
    chatRequestSchema,
    { chatId: "c1", message: { ...message, parts: [{ type: "text", text: 5 }] } },
    "message.parts[0].text must be text of at most 4000000 characters, not 5.",
  ],
];

const explained = (schema: z.core.$ZodType, value: unknown): string => {
  const result = z.safeParse(schema, value);
  if (result.success) throw new Error("this input is taken");
  return explainIssue(schema, value, result.error);
};

describe("explainIssue", () => {
  it.each(completions)("says of a chat completion what %j has wrong", (value, sentence) => {
    expect(explained(chatCompletionRequestSchema, value)).toBe(sentence);
  });

  it.each(others)("says what is wrong (%#)", (schema, value, sentence) => {
    expect(explained(schema, value)).toBe(sentence);
  });
});
