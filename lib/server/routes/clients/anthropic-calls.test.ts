import Anthropic from "@anthropic-ai/sdk";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { serveHome } from "../testing/serve-home";

/*
 * The parameters of Anthropic's messages, one row each, from its documentation, sent by its official client: each works, has no effect on
 * an answer, or is refused by its name. The engine is a scripted one; what it is asked for is what is looked at.
 */

type Call = Partial<Anthropic.MessageCreateParamsNonStreaming> & Record<string, unknown>;
type Content = Anthropic.MessageParam["content"];

const WORDS = ["Hel", "lo", "!"];
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] } as const;
const tools: Anthropic.Tool[] = [
  { name: "weather", description: "Says the weather.", input_schema: { ...schema, required: ["city"] } },
  { name: "time", input_schema: { ...schema, required: ["city"] } },
];
const cached = { cache_control: { type: "ephemeral" } } as const;
const asks = (content: Content): Anthropic.MessageParam => ({ role: "user", content });
const says = (content: Content): Anthropic.MessageParam => ({ role: "assistant", content });
const used = { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Rome" } } as const;
const result = (content?: Anthropic.ToolResultBlockParam["content"]): Anthropic.ToolResultBlockParam => ({
  type: "tool_result",
  tool_use_id: "toolu_1",
  ...(content !== undefined && { content }),
});
const given = (content: Content) => ({ tools, messages: [asks("Weather?"), says([used]), asks(content)] });
const called = { role: "assistant", toolCalls: [{ id: "toolu_1", name: "weather", arguments: '{"city":"Rome"}' }] };
const user = { role: "user", content: "Hello?" };

/** Each with what the engine gets. */
const works: readonly (readonly [name: string, Call, object])[] = [
  ["max_tokens", { max_tokens: 7 }, { sampling: { maxTokens: 7 } }],
  ["temperature", { temperature: 0.2 }, { sampling: { temperature: 0.2 } }],
  ["top_p", { top_p: 0.3 }, { sampling: { topP: 0.3 } }],
  ["top_k", { top_k: 5 }, { sampling: { topK: 5 } }],
  ["stop_sequences", { stop_sequences: ["A", "B"] }, { sampling: { stop: ["A", "B"] } }],
  ["system as a text", { system: "Be brief." }, { turns: [{ role: "system", content: "Be brief." }, user] }],
  [
    "system as cached blocks",
    {
      system: [
        { type: "text", text: "Be " },
        { type: "text", text: "brief.", ...cached },
      ],
    },
    { turns: [{ role: "system", content: "Be brief." }, user] },
  ],
  [
    "content as cached blocks",
    {
      messages: [
        asks([
          { type: "text", text: "Hel" },
          { type: "text", text: "lo?", ...cached },
        ]),
      ],
    },
    { turns: [user] },
  ],
  [
    "a conversation",
    { messages: [asks("Hi"), says("Yes?"), asks("Hello?")] },
    { turns: [{ role: "user", content: "Hi" }, { role: "assistant", content: "Yes?" }, user] },
  ],
  [
    "a prefilled answer",
    { messages: [asks("Hello?"), says("Well,")] },
    { turns: [user, { role: "assistant", content: "Well," }] },
  ],
  ["tools", { tools }, { toolUse: { choice: "auto", parallel: true, tools: [{ name: "weather" }, { name: "time" }] } }],
  ["tool_choice auto", { tools, tool_choice: { type: "auto" } }, { toolUse: { choice: "auto" } }],
  ["tool_choice any", { tools, tool_choice: { type: "any" } }, { toolUse: { choice: "required" } }],
  [
    "tool_choice tool",
    { tools, tool_choice: { type: "tool", name: "time" } },
    { toolUse: { choice: { name: "time" } } },
  ],
  [
    "disable_parallel_tool_use",
    { tools, tool_choice: { type: "any", disable_parallel_tool_use: true } },
    { toolUse: { parallel: false } },
  ],
  [
    "a custom tool",
    { tools: [{ ...tools[0], type: "custom" }] as never },
    { toolUse: { tools: [{ name: "weather" }] } },
  ],
  [
    "a result as a text",
    given([result("21 degrees")]),
    { turns: [{ role: "user" }, called, { role: "tool", content: "21 degrees", callId: "toolu_1" }] },
  ],
  [
    "a result as blocks, and words after it",
    given([result([{ type: "text", text: "21" }]), { type: "text", text: "So?" }]),
    { turns: [{ role: "user" }, called, { role: "tool", content: "21" }, { role: "user", content: "So?" }] },
  ],
  ["a result without content", given([result()]), { turns: [{ role: "user" }, called, { role: "tool", content: "" }] }],
  [
    "a failed result",
    given([{ ...result("No such city"), is_error: true }]),
    { turns: [{ role: "user" }, called, { role: "tool", content: "No such city" }] },
  ],
  [
    "thoughts of an earlier answer",
    {
      messages: [
        asks("Hi"),
        says([
          { type: "thinking", thinking: "Hm.", signature: "" },
          { type: "redacted_thinking", data: "x" },
          { type: "text", text: "Yes?" },
        ]),
        asks("Hello?"),
      ],
    },
    { turns: [{ role: "user", content: "Hi" }, { role: "assistant", content: "Yes?" }, user] },
  ],
  [
    "output_config.format",
    { output_config: { format: { type: "json_schema", schema } } },
    { sampling: { jsonSchema: schema } },
  ],
  ["output_config.effort", { output_config: { effort: "low" } }, { templateOptions: { reasoning_effort: "low" } }],
  ["the highest effort", { output_config: { effort: "max" } }, { templateOptions: { reasoning_effort: "xhigh" } }],
  [
    "no message but a system prompt",
    { system: "Be brief.", messages: [] },
    {
      turns: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "" },
      ],
    },
  ],
  [
    "a document that is a text",
    {
      messages: [
        asks([
          { type: "document", title: "Rome", source: { type: "text", media_type: "text/plain", data: "A city." } },
          { type: "text", text: "\n\nHello?" },
        ]),
      ],
    },
    { turns: [{ role: "user", content: "Rome\n\nA city.\n\nHello?" }] },
  ],
  [
    "tools that Anthropic's models know by their type",
    {
      tools: [
        { type: "bash_20250124", name: "bash" },
        { type: "text_editor_20250728", name: "str_replace_based_edit_tool" },
      ],
    },
    {
      toolUse: {
        tools: [
          { name: "bash", parameters: { properties: { command: { type: "string" } } } },
          { name: "str_replace_based_edit_tool", parameters: { required: ["command", "path"] } },
        ],
      },
    },
  ],
  [
    "thinking enabled",
    { max_tokens: 2000, thinking: { type: "enabled", budget_tokens: 1024 } },
    { templateOptions: { enable_thinking: true } },
  ],
  ["thinking disabled", { thinking: { type: "disabled" } }, { templateOptions: { enable_thinking: false } }],
];

/** Each is taken without a warning, and the engine is asked for the same as without it. */
const harmless: readonly Call[] = [
  { metadata: { user_id: "someone" } },
  { service_tier: "auto" },
  { thinking: { type: "adaptive" } },
  { inference_geo: "eu" },
  { user_profile_id: "u", workspace_id: "w" },
  { speed: "standard" },
  { ...cached },
  { container: null },
  { stop_sequences: [] },
  { tools: [] },
];

/** The words of each refusal name the parameter. */
const refused: readonly (readonly [Call, RegExp])[] = [
  [{ max_tokens: 0 }, /max_tokens must be a whole number of at least 1, not 0/],
  [{ temperature: 1.5 }, /temperature must be a number from 0 to 1, not 1.5/],
  [{ top_p: 2 }, /top_p must be a number from 0 to 1, not 2/],
  [{ top_k: -1 }, /top_k must be/],
  [{ stop_sequences: "END" as never }, /stop_sequences must be a list/],
  [{ tool_choice: { type: "any" } }, /tool_choice asks for a call, and tools is empty/],
  [{ tools, tool_choice: { type: "tool", name: "none" } }, /tool_choice names \\"none\\", and no tool has that name/],
  [{ tools: [{ name: "a b", input_schema: schema as never }] }, /tools\[0\].*name must be/],
  [
    { tools: [{ type: "web_search_20250305", name: "web_search" }] },
    /tools\[0\]: web_search_20250305 runs at Anthropic/,
  ],
  [{ container: "container_1" }, /container must be left out/],
  [{ mcp_servers: [{ type: "url", url: "x", name: "x" }] }, /mcp_servers must be/],
  [
    {
      messages: [asks([{ type: "image", source: { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" } }])],
    },
    /messages\[0\]\.content\[0\]: image .* vision/,
  ],
  [
    { messages: [asks([{ type: "document", source: { type: "url", url: "http://127.0.0.1/a.pdf" } }])] },
    /messages\[0\]\.content\[0\]: document needs to be sent as text/,
  ],
  [
    { messages: [asks([{ type: "search_result", title: "x", source: "x", content: [] }])] },
    /messages\[0\]\.content\[0\]: search_result is no block that this engine can read/,
  ],
  [{ messages: [asks([result("21")])], tools }, /no message before calls a tool with the id \\"toolu_1\\"/],
];

let client: Anthropic;

const home = serveHome({ words: WORDS });
beforeAll(() => {
  client = new Anthropic({ baseURL: home.url, apiKey: "none", maxRetries: 0 });
});
afterEach(() => vi.restoreAllMocks());

const request = (call: Call): Anthropic.MessageCreateParamsNonStreaming => ({
  model: DEFAULT_MODEL,
  max_tokens: 50,
  messages: [asks("Hello?")],
  ...call,
});

async function ask(call: Call) {
  const generate = vi.spyOn(home.services.host, "generate");
  const { data, response } = await client.messages.create(request(call)).withResponse();
  return { answer: data, asked: generate.mock.calls[0]?.[0], warning: response.headers.get("warning") };
}

describe("the official anthropic client's calls", () => {
  it.each(works)("%s reaches the engine", async (_name, call, expected) => {
    const { answer, asked, warning } = await ask(call);
    expect(asked).toMatchObject(expected);
    expect(answer).toMatchObject({ type: "message", role: "assistant", model: DEFAULT_MODEL });
    expect(warning).toBeNull();
  });

  it.each(harmless)("%j changes nothing", async call => {
    const { asked, warning } = await ask(call);
    vi.restoreAllMocks();
    expect(asked).toEqual((await ask({})).asked);
    expect(warning).toBeNull();
  });

  it.each(refused)("%j is refused by name", async (call, words) => {
    const answer = client.messages.create(request(call));
    await expect(answer).rejects.toThrow(words);
    await expect(answer).rejects.toBeInstanceOf(Anthropic.BadRequestError);
  });

  it("offers no tools to the model when the choice is none", async () => {
    expect((await ask({ tools, tool_choice: { type: "none" } })).asked?.toolUse).toBeUndefined();
  });

  it("gets an answer with its end and counts", async () => {
    expect((await ask({})).answer).toMatchObject({
      content: [{ type: "text", text: WORDS.join("") }],
      stop_reason: "end_turn",
      usage: { input_tokens: 3, output_tokens: WORDS.length },
    });
  });

  it("gets calls as blocks with their input", async () => {
    const { answer } = await ask({ tools, tool_choice: { type: "any" } });
    expect(answer.stop_reason).toBe("tool_use");
    expect(answer.content).toMatchObject([
      { type: "tool_use", name: "weather", input: { city: "Paris" } },
      { type: "tool_use", name: "time", input: { city: "Paris" } },
    ]);
  });

  it("says which stop sequence ended the answer", async () => {
    const stats = { promptTokens: 3, cachedTokens: 0, generatedTokens: 1, timeToFirstTokenMs: 1 };
    const speeds = { tokensPerSecond: 0, prefillTokensPerSecond: 0, totalMs: 1 };
    vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
      yield { type: "text", id: "1", text: "Hello", tokens: 1, thought: false };
      yield { type: "finished", id: "1", reason: "stop", stopString: "END", stats: { ...stats, ...speeds } };
    });
    const end = { stop_reason: "stop_sequence", stop_sequence: "END" };
    expect(await client.messages.create(request({ stop_sequences: ["END"] }))).toMatchObject(end);
    expect(await client.messages.stream(request({ stop_sequences: ["END"] })).finalMessage()).toMatchObject(end);
  });

  it("gets a stream of events, piece by piece", async () => {
    const texts: string[] = [];
    const types: string[] = [];
    for await (const event of await client.messages.create({ ...request({}), stream: true })) {
      if (types.at(-1) !== event.type) types.push(event.type);
      if (event.type === "content_block_delta" && event.delta.type === "text_delta") texts.push(event.delta.text);
    }
    expect(texts).toEqual(WORDS);
    expect(types).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
  });

  it("its stream helper puts text and calls together", async () => {
    expect(await client.messages.stream(request({})).finalText()).toBe(WORDS.join(""));
    const stream = client.messages.stream(request({ tools, tool_choice: { type: "tool", name: "time" } }));
    const pieces: string[] = [];
    stream.on("inputJson", piece => pieces.push(piece));
    const message = await stream.finalMessage();
    expect(message).toMatchObject({
      stop_reason: "tool_use",
      content: [{ type: "tool_use", name: "time", input: { city: "Paris" } }],
      usage: { input_tokens: 3, output_tokens: 1 },
    });
    expect(pieces.join("")).toBe('{"city": "Paris"}');
  });

  it("counts a conversation without answering it", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    const { max_tokens: _, ...prompt } = request({ system: "Be brief.", tools });
    // The scripted engine counts three tokens for any prompt, and one for each tool.
    expect(await client.messages.countTokens(prompt)).toEqual({ input_tokens: 5 });
    expect(generate).not.toHaveBeenCalled();
  });

  it("lists the models to their end, and finds one by its name", async () => {
    const names: string[] = [];
    const page = await client.models.list();
    for await (const model of page) names.push(model.id);
    expect(page).toMatchObject({ has_more: false, first_id: names[0], last_id: names.at(-1) });
    expect(names[0]).toBe(DEFAULT_MODEL);
    expect(new Set(names).size).toBe(names.length);
    const model = await client.models.retrieve(DEFAULT_MODEL);
    expect(model).toMatchObject({ id: DEFAULT_MODEL, display_name: DEFAULT_MODEL });
    expect(Date.parse(model.created_at)).toBeGreaterThan(0);
    await expect(client.models.retrieve("none.gguf")).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  it("says that there are no batches", async () => {
    const list = async () => await client.messages.batches.list();
    await expect(list()).rejects.toThrow("There is no GET /v1/messages/batches.");
    await expect(list()).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  it("takes the names that clients have built in", async () => {
    expect((await ask({ model: "claude-sonnet-4-5" })).answer.model).toBe(DEFAULT_MODEL);
  });

  it("gets what fails in mid-stream as its error", async () => {
    vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
      yield { type: "text", id: "1", text: "begun", tokens: 1, thought: false };
      throw Object.assign(new Error("The engine process ended unexpectedly."), { code: "ENGINE_CRASHED" });
    });
    await expect(client.messages.stream(request({})).finalText()).rejects.toThrow(/ended unexpectedly/);
  });
});
