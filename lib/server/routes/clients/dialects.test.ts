import type OpenAI from "openai";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { serveHome } from "../testing/serve-home";

const WORDS = ["Hel", "lo", "!"];
let client: OpenAI;

const home = serveHome({ words: WORDS });
beforeAll(() => {
  client = home.openai();
});
afterEach(() => vi.restoreAllMocks());

const stats = {
  promptTokens: 12,
  cachedTokens: 5,
  generatedTokens: 4,
  timeToFirstTokenMs: 1,
  tokensPerSecond: 10,
  prefillTokensPerSecond: 10,
  totalMs: 2,
};

/** The engine says exactly this. */
function script(messages: readonly object[]) {
  return vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
    for (const message of messages) yield { id: "1", ...message } as GenerationMessage;
  });
}
const thinking = [
  { type: "prefill", doneTokens: 5, totalTokens: 12 },
  { type: "text", text: "Hm.", tokens: 1, thought: true },
  { type: "text", text: "Yes", tokens: 1, thought: false },
  { type: "text", text: "!", tokens: 1, thought: false },
  { type: "finished", reason: "stop", stats },
];

async function post(path: string, body: object): Promise<{ status: number; headers: Headers; text: string }> {
  const answer = await fetch(`${home.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

interface SentEvent {
  readonly name: string;
  readonly data: Record<string, unknown>;
}
const eventsIn = (text: string): SentEvent[] =>
  [...text.matchAll(/^event: (.+)\ndata: (.+)$/gm)].map(([, name, data]) => ({
    name: name ?? "",
    data: JSON.parse(data ?? ""),
  }));

const calling = [
  { type: "prefill", doneTokens: 5, totalTokens: 12 },
  { type: "tool-call", index: 0, callId: "call_1", name: "get_weather", arguments: '{"city"' },
  { type: "tool-call", index: 0, callId: "call_1", name: "get_weather", arguments: ':"Rome"}' },
  { type: "finished", reason: "stop", stats },
];
const weather = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

const message = { model: "claude", max_tokens: 50, messages: [{ role: "user", content: "Hello?" }] };

describe("Anthropic's messages", () => {
  it("are answered with blocks, a stop reason and counts", async () => {
    const generate = script(thinking);
    const { status, text } = await post("/v1/messages", { ...message, system: "Be brief.", stop_sequences: ["END"] });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      type: "message",
      role: "assistant",
      model: DEFAULT_MODEL,
      content: [
        { type: "thinking", thinking: "Hm.", signature: "" },
        { type: "text", text: "Yes!" },
      ],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 7, cache_read_input_tokens: 5, output_tokens: 4 },
    });
    expect(generate.mock.calls[0]?.[0]).toMatchObject({
      turns: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello?" },
      ],
      sampling: { maxTokens: 50, stop: ["END"] },
    });
  });

  it("stream each block from its start to its stop, then the end", async () => {
    script(thinking);
    const { text, headers } = await post("/v1/messages", { ...message, stream: true });
    expect(headers.get("content-type")).toContain("text/event-stream");
    const events = eventsIn(text);
    expect(events.map(({ name, data }) => (data.type === name ? name : `${name} is not ${data.type}`))).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect(events[0]?.data).toMatchObject({ message: { content: [], usage: { input_tokens: 7, output_tokens: 0 } } });
    expect(events[3]?.data).toMatchObject({ index: 0, delta: { type: "signature_delta" } });
    expect(events[5]?.data).toMatchObject({ index: 1, content_block: { type: "text", text: "" } });
    expect(events[9]?.data).toMatchObject({ delta: { stop_reason: "end_turn" }, usage: { output_tokens: 4 } });
  });

  it("call tools as blocks, whole and in pieces, and take their results", async () => {
    const generate = script(calling);
    const tools = [{ name: "get_weather", input_schema: weather }];
    const used = { type: "tool_use", id: "call_1", name: "get_weather", input: { city: "Rome" } };
    const { text } = await post("/v1/messages", { ...message, tools });
    expect(JSON.parse(text)).toMatchObject({ content: [used], stop_reason: "tool_use" });
    const events = eventsIn((await post("/v1/messages", { ...message, tools, stream: true })).text);
    expect(events.map(({ name }) => name)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    expect(events[2]?.data).toMatchObject({ delta: { type: "input_json_delta", partial_json: '{"city"' } });
    const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: "Sunny" }] };
    const messages = [...message.messages, { role: "assistant", content: [used] }, result];
    expect((await post("/v1/messages", { ...message, tools, messages })).status).toBe(200);
    expect(JSON.stringify(generate.mock.calls.at(-1)?.[0].turns)).toContain("Sunny");
  });

  it("say max_tokens where the limit ended them", async () => {
    script([{ type: "finished", reason: "length", stats }]);
    expect(JSON.parse((await post("/v1/messages", message)).text)).toMatchObject({
      content: [{ type: "text", text: "" }],
      stop_reason: "max_tokens",
    });
  });

  it("are counted without being answered", async () => {
    const generate = script(thinking);
    const { text } = await post("/v1/messages/count_tokens", { model: "claude", messages: message.messages });
    // The scripted engine counts three tokens for any prompt.
    expect(JSON.parse(text)).toEqual({ input_tokens: 3 });
    expect(generate).not.toHaveBeenCalled();
  });

  it("count the tools too: one token each in the scripted engine", async () => {
    const tools = [{ name: "get_weather", input_schema: weather }];
    const { text } = await post("/v1/messages/count_tokens", { messages: message.messages, tools });
    expect(JSON.parse(text)).toEqual({ input_tokens: 4 });
  });

  it("name the stop string that ended the answer", async () => {
    const stopped = [...thinking.slice(0, -1), { type: "finished", reason: "stop", stopString: "END", stats }];
    script(stopped);
    const ended = { stop_reason: "stop_sequence", stop_sequence: "END" };
    expect(JSON.parse((await post("/v1/messages", message)).text)).toMatchObject(ended);
    const events = eventsIn((await post("/v1/messages", { ...message, stream: true })).text);
    expect(events.find(({ name }) => name === "message_delta")?.data).toMatchObject({ delta: ended });
  });

  it.each([
    ["enabled", { enable_thinking: true }],
    ["disabled", { enable_thinking: false }],
    ["adaptive", undefined],
  ] as const)("pass thinking %s on to the template", async (type, templateOptions) => {
    const generate = script(thinking);
    await post("/v1/messages", { ...message, thinking: { type } });
    expect(generate.mock.calls[0]?.[0].templateOptions).toEqual(templateOptions);
  });

  it.each([
    [{ messages: {} }, /messages must be a list of at most 10000 entries/],
    [
      { messages: [{ role: "user", content: [{ type: "image", source: {} }] }] },
      /messages\[0\].content\[0\]: image .* vision/,
    ],
    [
      { tools: [{ type: "web_search_20250305", name: "w" }] },
      "tools[0]: web_search_20250305 runs at Anthropic's service",
    ],
    [{ max_tokens: 0 }, "max_tokens must be a whole number of at least 1, not 0."],
  ])("refuse %j in Anthropic's shape", async (change, words) => {
    const { status, text } = await post("/v1/messages", { ...message, ...change });
    expect(status).toBe(400);
    const { type, error } = JSON.parse(text);
    expect({ type, kind: error.type }).toEqual({ type: "error", kind: "invalid_request_error" });
    if (typeof words === "string") expect(error.message).toContain(words);
    else expect(error.message).toMatch(words);
  });

  it("report a failure in mid-stream as an event", async () => {
    vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
      yield { type: "text", id: "1", text: "begun", tokens: 1, thought: false };
      throw Object.assign(new Error("The engine process ended unexpectedly."), { code: "ENGINE_CRASHED" });
    });
    const last = eventsIn((await post("/v1/messages", { ...message, stream: true })).text).at(-1);
    expect(last).toMatchObject({ name: "error", data: { type: "error", error: { type: "api_error" } } });
  });
});

describe("OpenAI's responses at the path of llama.cpp's server", () => {
  it("say how far the prompt is read and the times of each piece, where that is asked for", async () => {
    script(thinking);
    const asked = { input: "Hello?", stream: true, timings_per_token: true, return_progress: true };
    const events = eventsIn((await post("/responses", asked)).text);
    const read = events.flatMap(({ name, data }) => (data.prompt_progress ? [[name, data.prompt_progress]] : []));
    expect(read).toMatchObject([
      ["response.in_progress", { processed: 5, cache: 5, total: 12 }],
      ["response.in_progress", { processed: 12, cache: 5, total: 12 }],
    ]);
    const timed = events.filter(({ data }) => data.timings !== undefined).map(({ name }) => name);
    expect(timed).toEqual([
      "response.reasoning_text.delta",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.completed",
    ]);
  });

  it("end in llama.cpp's word where they are asked for in its words, and say truly that they are cut", async () => {
    script([
      { type: "text", text: "Ye", tokens: 1, thought: false },
      { type: "finished", reason: "length", stats },
    ]);
    const cut = { response: { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } } };
    const last = async (more: object) =>
      eventsIn((await post("/responses", { input: "Hello?", stream: true, ...more })).text).at(-1);
    expect(await last({ return_progress: true })).toMatchObject({ name: "response.completed", data: cut });
    expect(await last({})).toMatchObject({ name: "response.incomplete", data: cut });
  });

  it("say neither unasked before the end", async () => {
    script(thinking);
    const events = eventsIn((await post("/responses", { input: "Hello?", stream: true })).text);
    expect(events.filter(({ data }) => data.timings || data.prompt_progress).map(({ name }) => name)).toEqual([
      "response.completed",
    ]);
  });
});

describe("OpenAI's responses, with the official client", () => {
  it("are answered with items and counts", async () => {
    script(thinking);
    const answer = await client.responses.create({ model: "gpt-5", input: "Hello?", instructions: "Be brief." });
    expect(answer.output_text).toBe("Yes!");
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      status: "completed",
      model: DEFAULT_MODEL,
      output: [{ type: "reasoning" }, { type: "message", role: "assistant", status: "completed" }],
      usage: { input_tokens: 12, input_tokens_details: { cached_tokens: 5 }, output_tokens: 4, total_tokens: 16 },
    });
  });

  it("stream in the sequence that its helper reads, numbered without a gap", async () => {
    script(thinking);
    const stream = client.responses.stream({ model: "gpt-5", input: [{ role: "user", content: "Hello?" }] });
    const types: string[] = [];
    const numbers: number[] = [];
    for await (const event of stream) {
      types.push(event.type);
      numbers.push(event.sequence_number);
    }
    expect(types).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.reasoning_text.delta",
      "response.reasoning_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect((await stream.finalResponse()).output_text).toBe("Yes!");
  });

  it("call functions, which the helper puts together", async () => {
    script(calling);
    const tools = [{ type: "function" as const, name: "get_weather", parameters: weather, strict: false }];
    const called = { type: "function_call", call_id: "call_1", name: "get_weather", arguments: '{"city":"Rome"}' };
    const whole = await client.responses.create({ input: "Weather?", tools });
    expect(whole.output).toMatchObject([called]);
    const streamed = await client.responses.stream({ model: "gpt-5", input: "Weather?", tools }).finalResponse();
    expect(streamed.output).toMatchObject([called]);
  });

  it("are incomplete where the limit ended them", async () => {
    script([
      { type: "text", text: "Ye", tokens: 1, thought: false },
      { type: "finished", reason: "length", stats },
    ]);
    expect(await client.responses.create({ input: "Hello?", max_output_tokens: 1 })).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output_text: "Ye",
    });
  });

  it("take the whole conversation and a JSON schema", async () => {
    const generate = script(thinking);
    const schema = {
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
      additionalProperties: false,
    };
    await client.responses.create({
      input: [
        { role: "developer", content: "Be brief." },
        { role: "user", content: [{ type: "input_text", text: "Hi" }] },
        { role: "assistant", content: "Yes?" },
        { role: "user", content: "Go on" },
      ],
      text: { format: { type: "json_schema", name: "a", schema } },
    });
    expect(generate.mock.calls[0]?.[0]).toMatchObject({
      turns: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Yes?" },
        { role: "user", content: "Go on" },
      ],
      sampling: { jsonSchema: schema },
    });
  });

  it.each([
    [{ input: [] }, /^400 input must be/],
    [
      { input: "x", previous_response_id: "resp_1" },
      /^400 previous_response_id must be left out, because no responses are kept here: send the whole conversation/,
    ],
    [{ input: "x", tools: [{ type: "web_search" as const }] }, /^400 tools\[0\]: web_search runs at OpenAI's service/],
    [{ input: [{ type: "item_reference" as const, id: "x" }] }, /^400 input\[0\]: item_reference is no item/],
  ])("refuse %j by name", async (request, words) => {
    await expect(client.responses.create(request)).rejects.toThrow(words);
  });

  it("fail as an event after the first piece", async () => {
    vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
      yield { type: "text", id: "1", text: "begun", tokens: 1, thought: false };
      throw Object.assign(new Error("The engine process ended unexpectedly."), { code: "ENGINE_CRASHED" });
    });
    const last = eventsIn((await post("/v1/responses", { input: "x", stream: true })).text).at(-1);
    expect(last).toMatchObject({
      name: "response.failed",
      data: { response: { status: "failed", error: { code: "ENGINE_CRASHED" } } },
    });
  });
});
