import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { greedySampling } from "@/lib/schema/settings/sampling";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { delta, events, type helloAnswer, json, StandInOpenAi } from "@/lib/server/testing/stand-ins/stand-in-openai";
import { AnsweringServer } from "./answering-server";
import { OtherEngines } from "./other-engines";

const KEY = "sk-secret-of-the-test";

let server: StandInOpenAi;
beforeEach(async () => {
  server = await StandInOpenAi.start();
});
afterEach(() => server.stop());

const makePath = (): string => join(mkdtempSync(join(tmpdir(), "headroom-engines-")), "data", "engines.json");

const ask = { turns: [{ role: "user" as const, content: "Hi" }], sampling: greedySampling };

const answering = (options: Partial<ConstructorParameters<typeof AnsweringServer>[0]> = {}): AnsweringServer =>
  new AnsweringServer({
    name: "box",
    address: server.address,
    key: KEY,
    engineId: "1",
    kind: "vllm",
    model: "tiny",
    contextTokens: 4096,
    takesPictures: false,
    onChange: () => {},
    ...options,
  });

async function read(messages: AsyncIterable<GenerationMessage>) {
  const all: GenerationMessage[] = [];
  for await (const message of messages) all.push(message);
  const texts = all.filter(message => message.type === "text");
  return {
    thought: texts.flatMap(({ thought, text }) => (thought ? [text] : [])).join(""),
    text: texts.flatMap(({ thought, text }) => (thought ? [] : [text])).join(""),
    finished: all.find(message => message.type === "finished"),
    prefills: all.filter(message => message.type === "prefill"),
  };
}

describe("an answer of another engine", () => {
  it("comes as the own engine's parts: thought, text, and the server's own token counts", async () => {
    const { thought, text, finished } = await read(answering().generate(ask));
    expect({ thought, text }).toEqual({ thought: "A greeting.", text: "Hello there" });
    expect(finished).toMatchObject({
      reason: "stop",
      stats: { promptTokens: 12, cachedTokens: 8, generatedTokens: 5 },
    });
  });

  it("is asked for with the key, the model and the samplers that this kind of server knows", async () => {
    await read(answering().generate({ ...ask, sampling: { ...greedySampling, maxTokens: 7, repeatPenalty: 1.2 } }));
    expect(server.seen.at(-1)).toMatchObject({
      authorization: `Bearer ${KEY}`,
      body: { model: "tiny", stream: true, max_tokens: 7, repetition_penalty: 1.2, messages: ask.turns },
    });
    await read(answering({ kind: "other" }).generate(ask));
    expect(server.seen.at(-1)?.body).not.toHaveProperty("top_k");
  });

  it("carries penalties, biases and the likelihood of tokens", async () => {
    const content = [{ token: "Yes", logprob: -0.1, top_logprobs: [{ token: "No", logprob: -2.4 }] }];
    server.on(
      "/v1/chat/completions",
      events({ choices: [{ delta: { content: "Yes" }, logprobs: { content }, finish_reason: "stop" }] }),
    );
    const sampling = {
      ...greedySampling,
      presencePenalty: 0.5,
      logitBias: [
        { token: 11, bias: 2 },
        { token: 12, bias: null },
      ],
      topLogprobs: 1,
    };
    const messages: GenerationMessage[] = [];
    for await (const message of answering().generate({ ...ask, sampling })) messages.push(message);
    expect(messages[0]).toMatchObject({ logprobs: [{ token: "Yes", logprob: -0.1, top: [{ token: "No" }] }] });
    expect(server.seen.at(-1)?.body).toMatchObject({
      presence_penalty: 0.5,
      logit_bias: { 11: 2, 12: -100 },
      logprobs: true,
      top_logprobs: 1,
    });
    const texts = { ...greedySampling, logitBias: [{ token: "Yes", bias: 1 }] };
    await expect(read(answering().generate({ ...ask, sampling: texts }))).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
  });

  it("carries values of the chat template where the server takes them, and refuses them by name where not", async () => {
    const templateOptions = { enable_thinking: false };
    await read(answering().generate({ ...ask, templateOptions }));
    expect(server.seen.at(-1)?.body).toMatchObject({ chat_template_kwargs: templateOptions });
    const unknown = { preserve_thinking: true };
    const asked = answering({ kind: "ollama" }).generate({ ...ask, templateOptions: unknown });
    await expect(read(asked)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("preserve_thinking"),
    });
  });

  it("carries what the model thought before, to servers that render the model's template with it", async () => {
    const turns = [
      ...ask.turns,
      { role: "assistant" as const, content: "Hello", thought: "A greeting." },
      ...ask.turns,
    ];
    const sent = async (kind: "vllm" | "ollama") => {
      await read(answering({ kind }).generate({ ...ask, turns }));
      return server.seen.at(-1)?.body;
    };
    const answer = { role: "assistant", content: "Hello" };
    expect(await sent("vllm")).toMatchObject({
      messages: [{}, { ...answer, reasoning_content: "A greeting." }, {}],
    });
    expect(await sent("ollama")).toHaveProperty("messages[1]", answer);
  });

  it.each([
    [{ enable_thinking: false }, "none"],
    [{ enable_thinking: true }, undefined],
    [{ enable_thinking: true, reasoning_effort: "high" }, "high"],
  ])("turns thinking off with a degree where the server has no switch: %j", async (templateOptions, effort) => {
    await read(answering({ kind: "ollama" }).generate({ ...ask, templateOptions }));
    const sent = { reasoning_effort: effort ?? expect.anything() };
    const has = effort === undefined ? expect.not : expect;
    expect(server.seen.at(-1)?.body).toEqual(has.objectContaining(sent));
  });

  it("carries tools, their calls in pieces, and their results", async () => {
    const piece = (fields: object) => delta({ tool_calls: [fields] });
    server.on(
      "/v1/chat/completions",
      events(
        piece({ index: 0, id: "call-1", type: "function", function: { name: "weather", arguments: "" } }),
        piece({ index: 0, function: { arguments: '{"city":' } }),
        piece({ index: 0, function: { arguments: '"Paris"}' } }),
        delta({}, "tool_calls"),
      ),
    );
    const call = { id: "call-0", name: "weather", arguments: "{}" };
    const turns = [
      ...ask.turns,
      { role: "assistant" as const, content: "", toolCalls: [call] },
      { role: "tool" as const, content: "Sunny", callId: "call-0" },
    ];
    const toolUse = { tools: [{ name: "weather" }], choice: { name: "weather" }, parallel: false };
    const messages: GenerationMessage[] = [];
    for await (const message of answering().generate({ ...ask, turns, toolUse })) messages.push(message);
    const calls = messages.filter(message => message.type === "tool-call");
    expect(calls.map(({ index, callId, name }) => [index, callId, name])).toEqual(
      Array.from({ length: 3 }, () => [0, "call-1", "weather"]),
    );
    expect(calls.map(part => part.arguments).join("")).toBe('{"city":"Paris"}');
    expect(messages.at(-1)).toMatchObject({ type: "finished", reason: "stop" });
    expect(server.seen.at(-1)?.body).toMatchObject({
      tools: [{ type: "function", function: { name: "weather" } }],
      tool_choice: { type: "function", function: { name: "weather" } },
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: null, tool_calls: [{ id: "call-0", function: { name: "weather" } }] },
        { role: "tool", tool_call_id: "call-0", content: "Sunny" },
      ],
    });
  });

  it.each(["required" as const, { name: "weather" }])(
    "says that the server called no tool where %j asks for a call",
    async choice => {
      const toolUse = { tools: [{ name: "weather" }], choice, parallel: true };
      await expect(read(answering().generate({ ...ask, toolUse }))).rejects.toMatchObject({
        code: "INVALID_INPUT",
        message: expect.stringContaining("called no tool, although tool_choice asks for a call"),
      });
      expect(await read(answering().generate({ ...ask, toolUse: { ...toolUse, choice: "auto" } }))).toBeDefined();
    },
  );

  it("is asked about pictures in OpenAI's parts, and counts each with a guess", async () => {
    const turns = [
      { role: "user" as const, content: "What is it?", pictures: [{ mediaType: "image/png", data: "iVBO" }] },
    ];
    await read(answering().generate({ ...ask, turns }));
    expect(server.seen.at(-1)?.body).toMatchObject({
      messages: [
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: "data:image/png;base64,iVBO" } },
            { type: "text", text: "What is it?" },
          ],
        },
      ],
    });
    // 11 bytes are 4 tokens; 1,024 for the picture.
    expect(await answering({ kind: "other" }).count(turns)).toMatchObject({ tokensPerTurn: [1028], isAbout: true });
  });

  it("shows how far llama.cpp's server has read the prompt, and takes its own speeds", async () => {
    server.on(
      "/v1/chat/completions",
      events(
        { ...delta({ role: "assistant" }), prompt_progress: { total: 90, cache: 0, processed: 45, time_ms: 3 } },
        delta({ content: "Yes" }),
        {
          ...delta({}, "length"),
          usage: { prompt_tokens: 90, completion_tokens: 1 },
          timings: {
            ...{ cache_n: 10, prompt_per_second: 300, predicted_per_second: 20 },
            ...{ draft_n: 25, draft_n_accepted: 21 },
          },
        },
        "[DONE]",
      ),
    );
    const { prefills, finished } = await read(answering({ kind: "llama-server" }).generate(ask));
    expect(prefills).toMatchObject([{ doneTokens: 45, totalTokens: 90 }]);
    // No limit was asked for, so what was full is the context.
    expect(finished).toMatchObject({
      reason: "context",
      stats: {
        cachedTokens: 10,
        tokensPerSecond: 20,
        prefillTokensPerSecond: 300,
        draft: { tokens: 25, right: 21 },
      },
    });
  });

  it("is taken whole from a server that does not stream", async () => {
    const whole = { choices: [{ message: { role: "assistant", content: "All at once" }, finish_reason: "stop" }] };
    server.on("/v1/chat/completions", json(whole));
    expect(await read(answering().generate(ask))).toMatchObject({ text: "All at once" });
  });

  it("ends as cancelled when it is stopped, and the server is left", async () => {
    server.on("/v1/chat/completions", response => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(delta({ content: "One" }))}\n\n`);
    });
    const stop = new AbortController();
    const got: GenerationMessage[] = [];
    for await (const message of answering().generate(ask, stop.signal)) {
      got.push(message);
      stop.abort();
    }
    expect(got.at(-1)).toMatchObject({ type: "finished", reason: "cancelled", stats: { generatedTokens: 1 } });
    await expect.poll(() => server.left).toBe(1);
  });
});

describe("a fault of another engine is a sentence with the next step", () => {
  const failing = (engine: AnsweringServer) =>
    read(engine.generate(ask)).then(
      () => null,
      (error: unknown) => error,
    );

  it("when it is away, and it is ready again when it is back", async () => {
    const engine = answering();
    const { port } = server;
    await server.stop();
    expect(await failing(engine)).toMatchObject({
      code: "ENGINE_AWAY",
      message: `box (127.0.0.1:${port}) refuses the connection.`,
    });
    expect(engine.snapshot()).toMatchObject({ state: "failed", error: { code: "ENGINE_AWAY" } });
    server = await StandInOpenAi.start(port);
    await engine.refresh();
    expect(engine.snapshot()).toMatchObject({ state: "loaded", error: null });
  });

  it("before anybody asks, if it goes away while somebody looks", async () => {
    server.on("/metrics", response => void response.end("vllm:num_requests_running 0.0\n"));
    const engine = answering();
    await engine.refresh();
    expect(engine.snapshot().other.load).toMatchObject({ running: 0 });
    const { port } = server;
    await server.stop();
    await engine.refresh();
    expect(engine.snapshot()).toMatchObject({ state: "failed", error: { code: "ENGINE_AWAY" } });
    server = await StandInOpenAi.start(port);
    await engine.refresh();
    expect(engine.snapshot()).toMatchObject({ state: "loaded", error: null });
  });

  it("also where it tells nothing of its load: then its models are asked for, and not at each look", async () => {
    let nowMs = 0;
    const engine = answering({ kind: "other", now: () => nowMs });
    const asked = () => server.seen.filter(({ path }) => path === "/v1/models").length;
    await engine.refresh();
    expect(asked()).toBe(0);
    nowMs = 15_000;
    await engine.refresh();
    await engine.refresh();
    expect(asked()).toBe(1);
    server.on("/v1/models", json({ error: { message: "Incorrect API key" } }, 401));
    nowMs = 30_000;
    await engine.refresh();
    expect(engine.snapshot()).toMatchObject({ state: "failed", error: { code: "ENGINE_REFUSED" } });
  });

  it("when it is silent for too long", async () => {
    server.on("/v1/chat/completions", () => {});
    const error = await failing(answering({ answerSilenceMs: 1_000 }));
    expect(error).toMatchObject({ code: "ENGINE_AWAY", message: expect.stringContaining("sent nothing for 1 s") });
  });

  it("when it falls silent in the middle", async () => {
    server.on("/v1/chat/completions", response => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(delta({ content: "One" }))}\n\n`);
    });
    const error = await failing(answering({ answerSilenceMs: 1_000 }));
    expect(error).toMatchObject({ code: "ENGINE_AWAY", message: expect.stringContaining("sent nothing for 1 s") });
  });

  it.each([
    ["a broken line", events(delta({ content: "One" }), "{nonsense", "[DONE]"), '"{nonsense"'],
    ["a web page", (response: Parameters<typeof helloAnswer>[0]) => void response.end("<html>hello"), "<html>hello"],
  ])("when it sends %s", async (_what, answer, quote) => {
    server.on("/v1/chat/completions", answer);
    expect(await failing(answering())).toMatchObject({
      code: "ENGINE_AWAY",
      message: expect.stringContaining(quote),
      next: expect.stringContaining("OpenAI's API"),
    });
  });

  it("when the connection is cut in mid-answer, or the answer ends without an end", async () => {
    server.on("/v1/chat/completions", events(delta({ content: "One" }), "cut"));
    expect(await failing(answering())).toMatchObject({ code: "ENGINE_AWAY" });
    server.on("/v1/chat/completions", events(delta({ content: "One" })));
    expect(await failing(answering())).toMatchObject({
      code: "ENGINE_AWAY",
      message: expect.stringContaining("broke off"),
      next: expect.stringContaining("Continue"),
    });
  });

  it("when the key is refused; the key is not in the sentence", async () => {
    server.on("/v1/chat/completions", json({ error: { message: `Incorrect API key ${KEY}` } }, 401));
    const error = await failing(answering());
    expect(error).toMatchObject({
      code: "ENGINE_REFUSED",
      message: expect.stringContaining("does not accept the key"),
    });
    expect(JSON.stringify([error, (error as Error).message])).not.toContain(KEY);
  });

  it.each([
    ["an error inside the stream", events({ error: { message: `bad key ${KEY}`, code: 500 } })],
    ["something that is no answer", json({ you: `sent ${KEY}` })],
    ["a page", (response: Parameters<typeof helloAnswer>[0]) => void response.end(`<p>${KEY}`)],
  ])("and never has the key, although the server repeats it in %s", async (_what, answer) => {
    server.on("/v1/chat/completions", answer);
    const error = await failing(answering());
    expect(error).toMatchObject({ code: "ENGINE_AWAY", message: expect.stringContaining("(key)") });
    expect((error as Error).message).not.toContain(KEY);
  });

  it.each([
    ["7", "Try again in 7 s."],
    ["Wed, 21 Oct 2026 07:28:00 GMT", "Try again in a moment."],
  ])("when it has too many requests, with Retry-After %s", async (retryAfter, next) => {
    server.on("/v1/chat/completions", json({ error: { message: "Slow down" } }, 429, { "retry-after": retryAfter }));
    expect(await failing(answering())).toMatchObject({ code: "QUEUE_FULL", next });
  });

  it.each([
    [400, { error: { message: "This model's maximum context length is 4096 tokens", code: 400 } }, "CONTEXT_EXCEEDED"],
    [
      400,
      { error: { type: "exceed_context_size_error", message: "request exceeds the available context size" } },
      "CONTEXT_EXCEEDED",
    ],
    [404, { error: { message: "The model `tiny` does not exist." } }, "MODEL_NOT_FOUND"],
    [503, { error: { message: "Loading model", type: "unavailable_error" } }, "BUSY"],
    [422, { detail: "temperature is too hot" }, "INVALID_INPUT"],
    [500, {}, "ENGINE_AWAY"],
  ])("when it answers %i with %j", async (status, body, code) => {
    server.on("/v1/chat/completions", json(body, status));
    expect(await failing(answering())).toMatchObject({ code });
  });

  it("when an error comes inside the stream", async () => {
    server.on(
      "/v1/chat/completions",
      events(delta({ content: "One" }), { error: { message: "out of memory", code: 500 } }),
    );
    expect(await failing(answering())).toMatchObject({
      code: "ENGINE_AWAY",
      message: expect.stringContaining("out of memory"),
    });
  });

  it("when it sends on to another host: the key does not go there", async () => {
    const other = await StandInOpenAi.start();
    server.on("/v1/chat/completions", json({}, 307, { location: `${other.address}/v1/chat/completions` }));
    expect(await failing(answering())).toMatchObject({
      code: "ENGINE_AWAY",
      message: expect.stringContaining("sends on to"),
    });
    expect(other.seen).toEqual([]);
    await other.stop();
  });
});

describe("the vocabulary of a llama.cpp server", () => {
  const vocabulary = () => answering({ kind: "llama-server" }).vocabulary();

  it("is asked of it, tokens with their pieces", async () => {
    server.on(
      "/tokenize",
      json({
        tokens: [
          { id: 9906, piece: "Hello" },
          { id: 0, piece: [226] },
        ],
      }),
    );
    server.on("/detokenize", json({ content: "Hello" }));
    const asked = { parts: ["Hello", 0], addSpecial: false, parseSpecial: true };
    const known = await vocabulary();
    expect(await known?.tokenize({ ...asked, withPieces: true })).toEqual({
      tokens: [9906, 0],
      pieces: ["Hello", [226]],
    });
    expect(await known?.tokenize({ ...asked, withPieces: false })).toEqual({ tokens: [9906, 0], pieces: null });
    expect(server.seen.at(-1)).toMatchObject({
      authorization: `Bearer ${KEY}`,
      body: { content: ["Hello", 0], add_special: false, parse_special: true },
    });
    expect(await known?.detokenize({ tokens: [9906] })).toEqual({ text: "Hello" });
  });

  it("renders a conversation with its template", async () => {
    server.on("/apply-template", json({ prompt: "<|user|>Hi" }));
    expect(await (await vocabulary())?.render({ turns: ask.turns })).toEqual({ prompt: "<|user|>Hi" });
    expect(server.seen.at(-1)?.body).toMatchObject({ messages: ask.turns });
  });

  it("is not known of other servers", async () => {
    expect(await answering({ kind: "ollama" }).vocabulary()).toBeNull();
  });
});

describe("counting tokens", () => {
  it("asks the server where it can count, and each text once", async () => {
    server.on("/tokenize", (response, body) =>
      json({ count: (body as { prompt: string }).prompt.length })(response, body),
    );
    const engine = answering({ kind: "sglang" });
    const turns = [{ role: "user" as const, content: "four" }];
    expect(await engine.count(turns)).toEqual({ tokensPerTurn: [4], totalTokens: 9 });
    await engine.count(turns);
    expect(server.seen.filter(({ path }) => path === "/tokenize")).toHaveLength(1);
  });

  const toolUse = { tools: [{ name: "weather" }], choice: "auto" as const, parallel: true };
  const turns = [{ role: "user" as const, content: "four" }];

  it("counts what the template of llama.cpp's server adds to the prompt, such as tools", async () => {
    server.on("/apply-template", (response, body) =>
      json({ prompt: `${"tools" in (body as object) ? "<tools>weather</tools>" : "<user>"}four` })(response, body),
    );
    server.on("/tokenize", (response, body) => {
      const { content } = body as { content: string };
      json({ tokens: Array.from(content, () => 1) })(response, body);
    });
    // 4 for the turn; the whole prompt has 26 characters.
    expect(await answering({ kind: "llama-server" }).count(turns, { toolUse })).toEqual({
      tokensPerTurn: [4],
      totalTokens: 26,
    });
    expect(await answering({ kind: "llama-server" }).count(turns)).toEqual({ tokensPerTurn: [4], totalTokens: 10 });
    expect(server.seen.find(({ path }) => path === "/apply-template")?.body).toMatchObject({
      messages: turns,
      tools: [{ type: "function", function: { name: "weather" } }],
    });
  });

  it("lets vLLM count a conversation with its tools", async () => {
    server.on("/tokenize", (response, body) =>
      json({ count: "messages" in (body as object) ? 31 : 4 })(response, body),
    );
    expect(await answering().count(turns, { toolUse })).toEqual({ tokensPerTurn: [4], totalTokens: 31 });
  });

  it("counts the tools' own text where the server does not write them", async () => {
    server.on("/tokenize", (response, body) => {
      const { prompt } = body as { prompt?: string };
      if (prompt === undefined) json({}, 400)(response, body);
      else json({ count: prompt.length })(response, body);
    });
    // 4 and 5 for the turn, and the 20 characters of [{"name":"weather"}] and its brackets.
    const text = '[{"name":"weather"}]';
    expect(text).toHaveLength(20);
    expect(await answering({ kind: "sglang" }).count(turns, { toolUse })).toMatchObject({ totalTokens: 29 });
    expect(await answering().count(turns, { toolUse })).toMatchObject({ totalTokens: 29 });
    // Guessed: 4 bytes are 2 tokens, 20 are 6.
    expect(await answering({ kind: "other" }).count(turns, { toolUse })).toMatchObject({
      totalTokens: 13,
      isAbout: true,
    });
  });

  it("says that it is a guess where the server cannot", async () => {
    expect(await answering({ kind: "ollama" }).count([{ role: "user", content: "a".repeat(35) }])).toEqual({
      // 35 bytes at 3.5 a token, and 5 for what the template puts around a turn.
      tokensPerTurn: [10],
      totalTokens: 15,
      isAbout: true,
    });
  });
});

describe("the list of engines", () => {
  it("keeps the key in a file that only its owner reads, and never tells it", async () => {
    const path = makePath();
    const engines = new OtherEngines({ path });
    await engines.add({ address: `${server.address}/v1/`, key: KEY, name: "box" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toContain(KEY);
    const { engines: listed } = await new OtherEngines({ path }).list();
    expect(listed).toMatchObject([
      {
        name: "box",
        address: server.address,
        hasKey: true,
        kind: "vllm",
        models: [{ id: "tiny", contextTokens: 4096 }],
      },
    ]);
    expect(JSON.stringify(listed)).not.toContain(KEY);
  });

  it("gives no other address a key: an address cannot be changed, and a removed one's key is gone from the file", async () => {
    const path = makePath();
    const engines = new OtherEngines({ path });
    await engines.add({ address: server.address, key: KEY });
    const { id = "" } = (await engines.list()).engines[0] ?? {};
    const other = await StandInOpenAi.start();
    const change: Partial<Parameters<OtherEngines["change"]>[1]> & { address: string } = { address: other.address };
    engines.change(id, { ...change, name: "moved" });
    expect((await engines.list()).engines).toMatchObject([{ name: "moved", address: server.address, hasKey: true }]);
    engines.remove(id);
    expect(readFileSync(path, "utf8")).not.toContain(KEY);
    await engines.add({ address: other.address });
    expect(other.seen.map(({ authorization }) => authorization)).toEqual(other.seen.map(() => undefined));
    await other.stop();
  });

  it("keeps the choice over a restart, and forgets it with its engine", async () => {
    const path = makePath();
    const engines = new OtherEngines({ path });
    await engines.add({ address: server.address });
    const id = (await engines.list()).engines[0]?.id ?? "";
    await engines.choose({ engineId: id, model: "tiny" });
    const again = new OtherEngines({ path });
    expect(again.answering?.snapshot()).toMatchObject({ modelName: "tiny", other: { contextTokens: 4096 } });
    again.remove(id);
    expect(again.answering).toBeNull();
    expect(new OtherEngines({ path }).answering).toBeNull();
  });

  it("asks for the context size where the server does not say it", async () => {
    server.on("/v1/models", json({ data: [{ id: "tiny", owned_by: "somebody" }] }));
    const engines = new OtherEngines({ path: makePath() });
    await engines.add({ address: server.address });
    const id = (await engines.list()).engines[0]?.id ?? "";
    await expect(engines.choose({ engineId: id, model: "tiny" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    engines.change(id, { contextTokens: 8192 });
    await engines.choose({ engineId: id, model: "tiny" });
    expect(engines.answering?.snapshot().other.contextTokens).toBe(8192);
  });

  it("lists an engine that is away with the reason", async () => {
    const engines = new OtherEngines({ path: makePath() });
    await engines.add({ address: server.address });
    await server.stop();
    expect((await engines.list()).engines).toMatchObject([{ models: [], problem: { code: "ENGINE_AWAY" } }]);
  });

  it.each([
    ["ftp://box", "must begin with http"],
    ["http://user:pass@box", "must not hold a password"],
    ["http://", "is no address"],
    ["http://box/?key=1", "must end before"],
  ])("refuses %s", async (address, why) => {
    await expect(new OtherEngines({ path: makePath() }).add({ address })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining(why),
    });
  });
});
