import type OpenAI from "openai";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { serveHome } from "../testing/serve-home";

const functionTool = (name: string) => ({
  type: "function" as const,
  function: {
    name,
    description: `Says the ${name}.`,
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    strict: true,
  },
});
const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "What is it like in Paris?" }];
const question = { model: DEFAULT_MODEL, messages, tools: [functionTool("weather"), functionTool("time")] };
const callOf = (index: number, name: string) => ({
  id: `call_${index}`,
  type: "function",
  function: { name, arguments: '{"city": "Paris"}' },
});

let client: OpenAI;

const home = serveHome({ words: ["Sunny", "."] });
beforeAll(() => {
  client = home.openai();
});
afterEach(() => vi.restoreAllMocks());

describe("tools with the official openai client", () => {
  it("gets required calls whole, with null for the text", async () => {
    const { choices } = await client.chat.completions.create({ ...question, tool_choice: "required" });
    expect(choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { role: "assistant", content: null, tool_calls: [callOf(0, "weather"), callOf(1, "time")] },
    });
  });

  it("gets one call where parallel calls are off, and the named one", async () => {
    const one = await client.chat.completions.create({
      ...question,
      tool_choice: "required",
      parallel_tool_calls: false,
    });
    expect(one.choices[0]?.message.tool_calls).toEqual([callOf(0, "weather")]);
    const named = await client.chat.completions.create({
      ...question,
      tool_choice: { type: "function", function: { name: "time" } },
    });
    expect(named.choices[0]?.message.tool_calls).toEqual([callOf(0, "time")]);
  });

  it("gets calls as a stream: the name first, then the arguments in pieces", async () => {
    const stream = await client.chat.completions.create({ ...question, tool_choice: "required", stream: true });
    const deltas: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall[] = [];
    const ends: string[] = [];
    for await (const { choices } of stream)
      for (const { delta, finish_reason: end } of choices) {
        deltas.push(...(delta.tool_calls ?? []));
        if (end) ends.push(end);
      }
    expect(ends).toEqual(["tool_calls"]);
    expect(deltas.filter(({ index }) => index === 1)).toEqual([
      { index: 1, id: "call_1", type: "function", function: { name: "time", arguments: "" } },
      { index: 1, function: { arguments: '{"city":' } },
      { index: 1, function: { arguments: ' "Paris"}' } },
    ]);
  });

  it("the client's stream helper puts the pieces together", async () => {
    const final = await client.chat.completions.stream({ ...question, tool_choice: "required" }).finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls).toMatchObject([callOf(0, "weather"), callOf(1, "time")]);
    expect(final.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it("the client's tool runner calls the functions and sends their results", async () => {
    const asked: unknown[] = [];
    const generate = vi.spyOn(home.services.host, "generate");
    const runner = client.chat.completions.runTools({
      model: DEFAULT_MODEL,
      messages,
      tool_choice: { type: "function", function: { name: "weather" } },
      tools: [
        {
          type: "function",
          function: {
            name: "weather",
            description: "Says the weather.",
            parameters: { type: "object", properties: { city: { type: "string" } } },
            parse: JSON.parse,
            function: (given: object) => {
              asked.push(given);
              return "21 degrees";
            },
          },
        },
      ],
    });
    await runner.done();
    expect(asked).toEqual([{ city: "Paris" }]);
    expect(generate.mock.calls[0]?.[0].toolUse).toMatchObject({ choice: { name: "weather" }, parallel: true });
  });

  it("sends calls and results on to the engine, and gets the text", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    const { choices } = await client.chat.completions.create({
      ...question,
      messages: [
        ...messages,
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } }],
          ...{ reasoning_content: "They ask for Paris." },
        },
        { role: "tool", tool_call_id: "c1", content: [{ type: "text", text: "21 degrees" }] },
      ],
    });
    expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "Sunny." } });
    expect(choices[0]?.message.tool_calls).toBeUndefined();
    const [request] = generate.mock.calls[0] ?? [];
    expect(request?.turns.slice(1)).toEqual([
      {
        role: "assistant",
        content: "",
        thought: "They ask for Paris.",
        toolCalls: [{ id: "c1", name: "weather", arguments: '{"city":"Paris"}' }],
      },
      { role: "tool", content: "21 degrees", callId: "c1" },
    ]);
    expect(request?.toolUse?.choice).toBe("auto");
  });

  it("offers no tools to the model when the choice is none", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    const { choices } = await client.chat.completions.create({ ...question, tool_choice: "none" });
    expect(choices[0]?.message.content).toBe("Sunny.");
    expect(generate.mock.calls[0]?.[0].toolUse).toBeUndefined();
  });
});
