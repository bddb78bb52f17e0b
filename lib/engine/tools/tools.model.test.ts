import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChatTurn, CommandParams } from "@/lib/schema/engine-commands";
import type { ToolCall, ToolUse } from "@/lib/schema/tools";
import { ForkedEngine, greedy } from "../testing/forked-engine";

const weather = {
  name: "get_weather",
  description: "Says the weather in a city.",
  parameters: {
    type: "object",
    properties: {
      city: { type: "string", maxLength: 20 },
      days: { type: "integer", minimum: 1, maximum: 7 },
      unit: { enum: ["celsius", "fahrenheit"] },
    },
    required: ["city", "days", "unit"],
    additionalProperties: false,
  },
};
const clock = { name: "get_time", parameters: { type: "object", properties: {}, additionalProperties: false } };
const question: ChatTurn = { role: "user", content: "What is the weather in Paris for the next 3 days?" };
const use = (own: Partial<ToolUse> = {}): ToolUse => ({
  tools: [weather, clock],
  choice: "required",
  parallel: false,
  ...own,
});

interface Call {
  id: string;
  name: string;
  arguments: string;
}

describe("tools, with the default model", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = await ForkedEngine.onCpu();
  });
  afterAll(() => engine.end());

  async function answer(request: Omit<Partial<CommandParams<"generate">>, "sampling"> & { sampling?: object }) {
    const calls: Call[] = [];
    let text = "";
    const finished = await engine.askFor(
      "finished",
      { type: "generate", turns: [question], ...request, sampling: { ...greedy, maxTokens: 200, ...request.sampling } },
      message => {
        if (message.type === "text") text += message.text;
        if (message.type !== "tool-call") return;
        const { index, callId, name } = message;
        calls[index] ??= { id: callId, name, arguments: "" };
        calls[index].arguments += message.arguments;
      },
    );
    return { calls, text, reason: finished.reason, stats: finished.stats };
  }

  it("makes a required call with arguments that follow the schema", async () => {
    const { calls, text, reason } = await answer({ toolUse: use({ tools: [weather] }) });
    expect(reason).toBe("stop");
    expect(text).toBe("");
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ name: "get_weather", id: expect.stringMatching(/^call_[0-9a-f]{24}$/) });
    expect(JSON.parse(calls[0]?.arguments ?? "")).toEqual({
      city: expect.any(String),
      days: expect.toBeOneOf([1, 2, 3, 4, 5, 6, 7]),
      unit: expect.toBeOneOf(["celsius", "fahrenheit"]),
    });
  });

  it("calls the tool that is named, whatever the question is", async () => {
    const { calls } = await answer({ toolUse: use({ choice: { name: "get_time" } }) });
    expect(calls).toEqual([
      { id: expect.any(String), name: "get_time", arguments: expect.stringMatching(/^\{\s*\}$/) },
    ]);
  });

  it("makes several calls at once where that is allowed", async () => {
    // What a small model does is chance: it is asked until it makes more than one.
    let calls: ToolCall[] = [];
    for (let seed = 2; calls.length < 2 && seed <= 12; seed++)
      ({ calls } = await answer({
        toolUse: use({ parallel: true }),
        sampling: { maxTokens: 160, temperature: 1, seed },
      }));
    expect(calls.length).toBeGreaterThan(1);
    expect(new Set(calls.map(call => call.id)).size).toBe(calls.length);
    for (const call of calls) expect(["get_weather", "get_time"]).toContain(call.name);
  });

  it("goes on in text after the result of a call", async () => {
    const first = await answer({ toolUse: use({ choice: { name: "get_weather" } }) });
    const turns: ChatTurn[] = [
      question,
      { role: "assistant", content: "", toolCalls: first.calls },
      { role: "tool", content: "Sunny, 21 degrees celsius.", callId: first.calls[0]?.id ?? "" },
    ];
    const { text, calls, stats } = await answer({ turns, sampling: { maxTokens: 40 } });
    expect(calls).toEqual([]);
    expect(text).toMatch(/sunny|21/i);
    expect(stats.promptTokens).toBeGreaterThan(40);
  });

  it("lets the model decide, and notices a call that it begins itself", async () => {
    // The small model does what was done before.
    const turns = ["London", "Rome", "Oslo"].flatMap((city): ChatTurn[] => {
      const id = `call_${city}`;
      const sent = `{"city": "${city}", "days": 3, "unit": "celsius"}`;
      return [
        { role: "user", content: `What is the weather in ${city} for the next 3 days?` },
        { role: "assistant", content: "", toolCalls: [{ id, name: "get_weather", arguments: sent }] },
        { role: "tool", content: "Rain.", callId: id },
        { role: "assistant", content: `It rains in ${city}.` },
      ];
    });
    const { calls, text } = await answer({ turns: [...turns, question], toolUse: use({ choice: "auto" }) });
    expect(calls[0]?.name).toMatch(/^get_(?:weather|time)$/);
    expect(text).not.toContain("tool_call");
  });

  it("checks the finished call against what no grammar can hold", async () => {
    const all = { type: "array", items: { enum: ["Paris"] }, minItems: 2, maxItems: 2, uniqueItems: true };
    const pick = { name: "pick", parameters: { type: "object", properties: { all }, required: ["all"] } };
    const sampling = { ...greedy, maxTokens: 200 };
    const toolUse = use({ tools: [pick] });
    expect(await engine.ask({ type: "generate", turns: [question], sampling, toolUse })).toMatchObject({
      type: "error",
      code: "ENGINE_FAILED",
      message: expect.stringContaining('The arguments of "pick" do not follow its schema'),
    });
  });

  it("answers in text when no call is needed", async () => {
    const turns: ChatTurn[] = [{ role: "user", content: "Hello!" }];
    const { calls, text } = await answer({ turns, toolUse: use({ choice: "auto" }), sampling: { maxTokens: 20 } });
    expect(calls).toEqual([]);
    expect(text).not.toBe("");
  });

  it("says that the length cut a call", async () => {
    const { calls, reason } = await answer({ toolUse: use(), sampling: { maxTokens: 12 } });
    expect(reason).toBe("length");
    expect(calls.length).toBeLessThanOrEqual(1);
  });

  it.each<[string, ToolUse, string]>([
    [
      "a tool that is not there",
      use({ choice: { name: "fly" } }),
      'No tool is named "fly". The tools are get_weather, get_time.',
    ],
    [
      "parameters that no grammar can hold",
      use({ tools: [{ name: "pick", parameters: { required: ["all"], additionalProperties: false } }] }),
      'These tools cannot be used: The parameters of the tool "pick", #: "all" is required and not allowed.',
    ],
    [
      "parameters that are no object",
      use({ tools: [{ name: "pick", parameters: { type: "string" } }] }),
      'The parameters of the tool "pick" must be a schema of the type object, not "string".',
    ],
  ])("refuses %s", async (_, toolUse, message) => {
    const refusal = await engine.ask({ type: "generate", turns: [question], sampling: greedy, toolUse });
    expect(refusal).toMatchObject({ type: "error", code: "INVALID_INPUT", message });
  });

  it.each([
    ["required", use()],
    ["auto", use({ choice: "auto" })],
  ])("are counted and shown as the answer reads them: %s", async (_, toolUse) => {
    const { stats } = await answer({ toolUse, sampling: { maxTokens: 1 } });
    const counted = await engine.askFor("counted", { type: "count", turns: [question], toolUse });
    expect(counted.totalTokens).toBe(stats.promptTokens);
    const plain = await engine.askFor("counted", { type: "count", turns: [question] });
    expect(plain.totalTokens).toBeLessThan(counted.totalTokens);
    const { prompt } = await engine.askFor("rendered", { type: "render", turns: [question], toolUse });
    expect(prompt).toContain("get_weather");
  });
});
