import OpenAI from "openai";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { serveHome } from "../testing/serve-home";

const WORDS = ["Hel", "lo", ", wörld", " 😀", "!"];
const question = { model: DEFAULT_MODEL, messages: [{ role: "user" as const, content: "Hello?" }] };

const noStats = {
  promptTokens: 1,
  cachedTokens: 0,
  generatedTokens: 1,
  timeToFirstTokenMs: 1,
  tokensPerSecond: 0,
  prefillTokensPerSecond: 0,
  totalMs: 1,
};

let client: OpenAI;

const home = serveHome({ words: WORDS, stepMs: 5 });
beforeAll(() => {
  client = home.openai();
});
afterEach(() => vi.restoreAllMocks());

describe("A10 the official openai client", () => {
  it("A10 lists the models, the chosen one first", async () => {
    const models = await client.models.list();
    expect(models.data[0]).toMatchObject({ id: DEFAULT_MODEL, object: "model", owned_by: "headroom" });
  });

  it("A10 gets a whole answer with its end and counts", async () => {
    const answer = await client.chat.completions.create(question);
    expect(answer.choices).toHaveLength(1);
    expect(answer.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { role: "assistant", content: WORDS.join("") },
    });
    expect(answer.model).toBe(DEFAULT_MODEL);
    expect(answer.usage?.completion_tokens).toBe(WORDS.length);
    expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + WORDS.length);
  });

  it("A7 A10 gets the same text as a stream, piece by piece, then the end and the counts", async () => {
    const stream = await client.chat.completions.create({
      ...question,
      stream: true,
      stream_options: { include_usage: true },
    });
    const pieces: string[] = [];
    const ends: (string | null)[] = [];
    let usage = null;
    for await (const chunk of stream) {
      pieces.push(chunk.choices[0]?.delta.content ?? "");
      if (chunk.choices[0]?.finish_reason) ends.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect(pieces.filter(piece => piece !== "")).toEqual(WORDS);
    expect(ends).toEqual(["stop"]);
    expect(usage).toMatchObject({ completion_tokens: WORDS.length });
  });

  it("A10 streams through its helper as well", async () => {
    const final = await client.chat.completions.stream(question).finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe(WORDS.join(""));
  });

  it("A10 completes a plain prompt, whole and as a stream", async () => {
    const prompt = { model: DEFAULT_MODEL, prompt: "Once" };
    expect((await client.completions.create(prompt)).choices[0]).toMatchObject({
      text: WORDS.join(""),
      finish_reason: "stop",
    });
    let text = "";
    for await (const chunk of await client.completions.create({ ...prompt, stream: true }))
      text += chunk.choices[0]?.text ?? "";
    expect(text).toBe(WORDS.join(""));
  });

  it("A9 max_tokens and its newer name reach the engine, with the settings for the rest", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    await client.chat.completions.create({ ...question, max_tokens: 3, temperature: 0, seed: 7, stop: "END" });
    await client.chat.completions.create({ ...question, max_completion_tokens: 2 });
    const sampling = generate.mock.calls.map(([request]) => request.sampling);
    expect(sampling[0]).toMatchObject({ maxTokens: 3, temperature: 0, seed: 7, stop: ["END"], topK: 40 });
    expect(sampling[1]).toMatchObject({ maxTokens: 2, temperature: 0.7, seed: -1 });
  });

  it("takes any name for the one model, but not that of another in the library", async () => {
    expect((await client.chat.completions.create({ ...question, model: "gpt-4o" })).model).toBe(DEFAULT_MODEL);
    vi.spyOn(home.services.models, "listModels").mockResolvedValue([
      {
        name: "other.gguf",
        fileBytes: 1,
        modifiedAtMs: 1,
        parts: 1,
        sameAs: null,
        origin: null,
        profile: null,
        problem: null,
      },
    ]);
    await expect(client.chat.completions.create({ ...question, model: "other.gguf" })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  it.each([
    ["answers where the loaded model is still the named one", "the same", 200],
    ["asks to come again where another one was loaded", "/models/other.gguf", 503],
  ])("a request that waits while another model is chosen %s", async (_, path, status) => {
    const { host, settings } = home.services;
    await client.chat.completions.create(question);
    const { config, ...snapshot } = host.snapshot();
    if (config === null) throw new Error("A model is loaded.");
    vi.spyOn(host, "generate").mockImplementation(async function* () {
      yield { type: "queued", position: 1 };
      vi.spyOn(settings, "read").mockReturnValue({ ...settings.read(), MODEL: "other.gguf" });
      const modelPath = path === "the same" ? config.modelPath : path;
      vi.spyOn(host, "snapshot").mockReturnValue({ ...snapshot, config: { ...config, modelPath } });
      yield { type: "text", id: "1", text: "Hi", tokens: 1, thought: false };
      yield { type: "finished", id: "1", reason: "stop", stats: noStats };
    });
    const answer = await client.chat.completions.create(question).catch((error: unknown) => error);
    if (status === 200) expect(answer).toMatchObject({ choices: [{ message: { content: "Hi" } }] });
    else expect(answer).toMatchObject({ status, message: expect.stringContaining("Another model was chosen while") });
  });

  it("understands parts, system and developer messages", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    await client.chat.completions.create({
      model: DEFAULT_MODEL,
      messages: [
        { role: "developer", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "Hel" },
            { type: "text", text: "lo" },
          ],
        },
      ],
    });
    expect(generate.mock.calls[0]?.[0].turns).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hello" },
    ]);
  });

  it.each([
    [{ messages: [] }, /^400 messages must be a list/],
    [{ messages: [{ role: "assistant", content: "" }] }, /^400 The messages have nothing to answer/],
    [{ max_tokens: 0 }, /^400 max_tokens must be/],
    [{ max_tokens: -2 }, /^400 max_tokens must be/],
    [{ temperature: 9 }, /^400 temperature must be a number from 0 to 5/],
    [{ n: 17 }, /^400 n must be a whole number from 1 to 16/],
    [{ tools: [{ type: "function", function: { name: "a b" } }] }, /^400 tools\[0\]\.function\.name must be/],
    [{ tool_choice: "required" }, /^400 tool_choice asks for a call, and tools is empty/],
    [
      {
        tools: [{ type: "function", function: { name: "f" } }],
        tool_choice: { type: "function", function: { name: "g" } },
      },
      /^400 tool_choice names "g", and no tool has that name/,
    ],
    [
      { messages: [...question.messages, { role: "tool", content: "3", tool_call_id: "c1" }] },
      /^400 messages\[1\]\.tool_call_id: no message before calls a tool with the id "c1"/,
    ],
    [
      {
        messages: [
          ...question.messages,
          {
            role: "assistant",
            content: null,
            tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }],
          },
        ],
      },
      /^400 The last message calls tools: their results must follow/,
    ],
    [
      {
        messages: [
          {
            role: "user",
            content: [
              { type: "text", text: "x" },
              { type: "image_url", image_url: {} },
            ],
          },
        ],
      },
      /^400 messages\[0\]\.content\[1\]: image_url needs a model with vision/,
    ],
    [
      { messages: [...question.messages, { role: "assistant", content: "a" }, { role: "assistant", content: "b" }] },
      /^400 The messages end with two of the assistant's/,
    ],
    [{ grammar: 'root ::= "a"', response_format: { type: "json_object" } }, /^400 Only one of/],
  ])("A1 A2 A8 refuses %j with a sentence", async (change, words) => {
    const request = { ...question, ...change } as typeof question;
    await expect(client.chat.completions.create(request)).rejects.toThrow(words);
    await expect(client.chat.completions.create(request)).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  });

  it("gives as many choices as asked for, whole and as a stream", async () => {
    const whole = await client.chat.completions.create({ ...question, n: 3 });
    expect(whole.choices.map(choice => [choice.index, choice.message.content])).toEqual(
      [0, 1, 2].map(index => [index, WORDS.join("")]),
    );
    expect(whole.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 3 * WORDS.length });
    const texts = ["", ""];
    for await (const chunk of await client.chat.completions.create({ ...question, n: 2, stream: true }))
      for (const { index, delta } of chunk.choices) texts[index] += delta.content ?? "";
    expect(texts).toEqual([WORDS.join(""), WORDS.join("")]);
  });

  it("takes what clients send for none as none", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    await client.chat.completions.create({
      ...question,
      ...{ stop: ["", "END"], max_tokens: -1, top_k: -1, seed: -1 },
    });
    await client.chat.completions.create({ ...question, stop: "" });
    const [first, second] = generate.mock.calls.map(([request]) => request.sampling);
    expect(first).toMatchObject({ stop: ["END"], maxTokens: 0, topK: 0, seed: -1 });
    expect(second).toMatchObject({ stop: [] });
  });

  it("ignores fields that it does not know and names them, and takes harmless ones", async () => {
    const known = { user: "me", store: true, cache_prompt: true, metadata: { a: "b" }, prompt_cache_key: "k" };
    const front = { num_ctx: 2048, keep_alive: "5m", 'a"b\n': 1 };
    const quiet = await client.chat.completions.create({ ...question, ...known }).withResponse();
    expect(quiet.response.headers.get("warning")).toBeNull();
    for (const stream of [false, true]) {
      const { response } = await client.chat.completions.create({ ...question, ...front, stream }).withResponse();
      expect(response.headers.get("warning")).toBe('299 headroom "Ignored: num_ctx, keep_alive, a?b?"');
      if (stream) await response.body?.cancel();
    }
  });

  it("completes several prompts, given as texts or tokens, and echoes them", async () => {
    const complete = vi.spyOn(home.services.host, "complete");
    const said = WORDS.join("");
    const { choices } = await client.completions.create({ model: DEFAULT_MODEL, prompt: ["a", "b"], echo: true });
    expect(choices.map(({ index, text }) => [index, text])).toEqual([
      [0, `a${said}`],
      [1, `b${said}`],
    ]);
    // The scripted engine's tokens are the numbers of characters.
    const tokens = await client.completions.create({ model: DEFAULT_MODEL, prompt: [104, 105], echo: true });
    expect(tokens.choices.map(({ text }) => text)).toEqual([`hi${said}`]);
    let text = "";
    for await (const chunk of await client.completions.create({ prompt: "c", echo: true, stream: true, model: "" }))
      text += chunk.choices[0]?.text ?? "";
    expect(text).toBe(`c${said}`);
    await client.completions.create({ model: DEFAULT_MODEL, prompt: "a", suffix: "z" });
    expect(complete.mock.calls.map(([request]) => [request.prompt, request.suffix])).toEqual([
      ["a", undefined],
      ["b", undefined],
      [[104, 105], undefined],
      ["c", undefined],
      ["a", "z"],
    ]);
  });

  it.each([
    [{ echo: true, logprobs: 1 }, /^400 echo with logprobs needs/],
    [{ echo: true, suffix: "z" }, /^400 echo and suffix exclude each other/],
    [{ best_of: 3 }, /^400 best_of must be 1, as n is/],
  ])("refuses %j of a plain completion by name", async (change, words) => {
    await expect(client.completions.create({ model: DEFAULT_MODEL, prompt: "a", ...change })).rejects.toThrow(words);
  });

  it("gives a plain completion the form that is asked for", async () => {
    const complete = vi.spyOn(home.services.host, "complete");
    const forms = [
      { grammar: 'root ::= "a"' },
      { json_schema: { const: 1 } },
      { response_format: { type: "json_schema", json_schema: { name: "one", schema: { const: 1 } } } },
    ];
    for (const form of forms) await client.completions.create({ model: DEFAULT_MODEL, prompt: "a", ...form });
    expect(complete.mock.calls.map(([{ sampling }]) => sampling.grammar ?? sampling.jsonSchema)).toEqual([
      'root ::= "a"',
      { const: 1 },
      { const: 1 },
    ]);
  });

  it("completes an empty prompt, alone and in a list", async () => {
    for (const prompt of ["", [""]])
      expect((await client.completions.create({ model: DEFAULT_MODEL, prompt })).choices).toHaveLength(1);
    await expect(client.completions.create({ model: DEFAULT_MODEL, prompt: [] })).rejects.toThrow(
      /^400 prompt must be/,
    );
  });

  it("gets embeddings as numbers and, as it asks by itself, as base64", async () => {
    const vectors = [[0.6, -0.8]];
    const embed = vi
      .spyOn(home.services.embeddings, "embed")
      .mockResolvedValue({ model: "e.gguf", vectors, tokens: 7 });
    for (const encoding of [{}, { encoding_format: "float" as const }]) {
      const { data, usage, model } = await client.embeddings.create({ model: "e", input: ["a"], ...encoding });
      expect(data[0]?.embedding.map(value => Math.round(value * 10) / 10)).toEqual([0.6, -0.8]);
      expect({ usage, model }).toEqual({ usage: { prompt_tokens: 7, total_tokens: 7 }, model: "e.gguf" });
    }
    await client.embeddings.create({ model: "e", input: [[1, 2], [3]] });
    await client.embeddings.create({ model: "e", input: [1, 2] });
    expect(embed.mock.calls.map(([, inputs]) => inputs)).toEqual([["a"], ["a"], [[1, 2], [3]], [[1, 2]]]);
    await expect(client.embeddings.create({ model: "e", input: "a", dimensions: 3 })).rejects.toThrow(
      /^400 dimensions must be 2, the size of this model's vectors/,
    );
  });

  it("embeddings are refused clearly where no model makes them", async () => {
    await expect(client.embeddings.create({ model: DEFAULT_MODEL, input: "x" })).rejects.toThrow(
      /makes no embeddings: choose an embedding model\. The library has none\./,
    );
    await expect(client.embeddings.create({ model: "e", input: "x" })).rejects.toThrow(/There is no embedding model/);
  });

  it("A4 A10 what fails before the first word is a status, also for a stream", async () => {
    vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
      const error = Object.assign(new Error("The prompt has 5000 tokens, 4096 fit."), { code: "CONTEXT_EXCEEDED" });
      if (error) throw error;
      yield { type: "text", id: "1", text: "", tokens: 0, thought: false };
    });
    for (const stream of [false, true])
      await expect(client.chat.completions.create({ ...question, stream })).rejects.toMatchObject({
        status: 400,
        code: "context_length_exceeded",
        message: expect.stringContaining("5000"),
      });
  });

  it("A10 what fails after it arrives as an error in the stream", async () => {
    vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
      yield { type: "text", id: "1", text: "begun", tokens: 1, thought: false };
      throw Object.assign(new Error("The engine process ended unexpectedly."), { code: "ENGINE_CRASHED" });
    });
    let text = "";
    const read = async () => {
      for await (const chunk of await client.chat.completions.create({ ...question, stream: true }))
        text += chunk.choices[0]?.delta.content ?? "";
    };
    await expect(read()).rejects.toThrow(/ended unexpectedly/);
    expect(text).toBe("begun");
  });
});
