import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { json, StandInOpenAi } from "@/lib/server/testing/stand-ins/stand-in-openai";
import { serveHome } from "../testing/serve-home";

const home = serveHome({ words: ["Hel", "lo"] });
afterEach(() => vi.restoreAllMocks());

async function ask(path: string, body?: unknown) {
  const answer = await fetch(`${home.url}${path}`, {
    ...(body !== undefined && {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
  const text = await answer.text();
  return { status: answer.status, text, json: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : null };
}

describe("the routes of llama.cpp's own server", () => {
  it("/props says what the settings ask for while nothing is loaded, and loads nothing", async () => {
    const { json } = await ask("/props");
    expect(json).toMatchObject({ model_alias: DEFAULT_MODEL, model_path: "", is_sleeping: true });
    expect(home.services.engine.snapshot().config).toBe(null);
  });

  it("/tokenize gives numbers, and with with_pieces also their texts", async () => {
    expect((await ask("/tokenize", { content: "hé" })).json).toEqual({ tokens: [104, 233] });
    expect((await ask("/tokenize", { content: ["a", 98], with_pieces: true })).json).toEqual({
      tokens: [
        { id: 97, piece: "a" },
        { id: 98, piece: "b" },
      ],
    });
  });

  it("/detokenize gives the text", async () => {
    expect((await ask("/detokenize", { tokens: [104, 233] })).json).toEqual({ content: "hé" });
  });

  it("/apply-template gives the prompt of a conversation", async () => {
    const { json } = await ask("/apply-template", { messages: [{ role: "user", content: "Hi" }] });
    expect(json).toEqual({ prompt: "<user>Hi" });
  });

  it("/apply-template and the count take the tools and the template's values", async () => {
    const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object" } } }];
    const body = {
      messages: [{ role: "user", content: "Hi" }],
      tools,
      chat_template_kwargs: { enable_thinking: false },
    };
    const render = vi.spyOn(home.services.host, "render");
    expect((await ask("/apply-template", body)).json).toEqual({ prompt: "<tool>get_weather<user>Hi" });
    expect(render.mock.calls[0]?.[1]).toMatchObject({ templateOptions: { enable_thinking: false } });
    // The scripted engine counts three tokens for the turns and one for each tool.
    for (const path of ["/v1/chat/completions/input_tokens", "/chat/completions/input_tokens"])
      expect((await ask(path, body)).json).toMatchObject({ input_tokens: 4 });
  });

  it("/props names file, template and context of what is loaded", async () => {
    const { json } = await ask("/props");
    expect(json.model_path).toContain(DEFAULT_MODEL);
    expect(json).toMatchObject({
      default_generation_settings: { n_ctx: 4096, params: { top_k: 40, n_predict: -1 } },
      chat_template: "{{ messages }}",
      bos_token: "<s>",
      is_sleeping: false,
      total_slots: 4,
    });
    expect((await ask("/slots")).json).toEqual([0, 1, 2, 3].map(id => ({ id, n_ctx: 4096, is_processing: false })));
  });

  it("/slots and /metrics count the answers that are written side by side", async () => {
    const snapshot = home.services.engine.snapshot();
    vi.spyOn(home.services.engine, "snapshot").mockReturnValue({ ...snapshot, state: "generating", answering: 3 });
    const slots: { is_processing: boolean }[] = (await ask("/slots")).json;
    expect(slots.map(slot => slot.is_processing)).toEqual([true, true, true, false]);
    expect((await ask("/metrics")).text).toContain("\nllamacpp:requests_processing 3\n");
  });

  it.each(["/health", "/v1/health"])("%s is 503 with Retry-After while a model is being loaded", async path => {
    expect(await ask(path)).toMatchObject({ status: 200, json: { status: "ok" } });
    const snapshot = home.services.engine.snapshot();
    vi.spyOn(home.services.engine, "snapshot").mockReturnValue({ ...snapshot, state: "loading" });
    const answer = await fetch(`${home.url}${path}`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).not.toBe(null);
    expect(await answer.json()).toMatchObject({ error: { type: "server_error", code: "BUSY" } });
  });

  it("/health does not say why no model can be loaded", async () => {
    const snapshot = home.services.engine.snapshot();
    const error = { code: "CORRUPT_MODEL", message: "/secret/path is broken." } as const;
    vi.spyOn(home.services.engine, "snapshot").mockReturnValue({ ...snapshot, state: "failed", error });
    const { status, text } = await ask("/health");
    expect(status).toBe(503);
    expect(text).not.toContain("secret");
  });

  it("/metrics counts answers of both kinds of completion in llama.cpp's names", async () => {
    const client = home.openai();
    const read = async (name: string) =>
      Number(new RegExp(`^${name} (.+)$`, "m").exec((await ask("/metrics")).text)?.[1]);
    const before = await read("llamacpp:tokens_predicted_total");
    await client.chat.completions.create({ model: DEFAULT_MODEL, messages: [{ role: "user", content: "Hi" }] });
    await client.completions.create({ model: DEFAULT_MODEL, prompt: "Hi" });
    // Two answers of two words; each prompt has three tokens.
    expect((await read("llamacpp:tokens_predicted_total")) - before).toBe(4);
    expect(await read("headroom:answers_total")).toBe(2);
    expect(await read("llamacpp:n_tokens_max")).toBe(5);
    expect(await read("headroom:model_loaded")).toBe(1);
  });

  it("refuses input in OpenAI's shape", async () => {
    expect(await ask("/tokenize", { content: 5 })).toMatchObject({
      status: 400,
      json: { error: { type: "invalid_request_error", message: "content must be text or a list, not 5." } },
    });
  });
});

describe("/v1/models", () => {
  it("says of each model its kind, state and context", async () => {
    const { json } = await ask("/v1/models");
    expect(json.data[0]).toMatchObject({
      id: DEFAULT_MODEL,
      type: "llm",
      state: "loaded",
      context_length: 4096,
      max_context_length: 8192,
      architecture: "llama",
    });
  });

  it("says of an embedding model its own context, also while a chat model is loaded with a larger one", async () => {
    const [chat] = await home.services.models.listModels();
    if (chat?.profile == null) throw new Error("The library has the bundled model.");
    const profile = { ...chat.profile, role: "embedding" as const, trainContextTokens: 512 };
    vi.spyOn(home.services.models, "listModels").mockResolvedValue([chat, { ...chat, name: "embed.gguf", profile }]);
    const read = async () => (await ask("/v1/models")).json.data.map(({ id, ...model }: { id: string }) => [id, model]);
    const own = { type: "embeddings", context_length: 512, max_context_length: 512 };
    expect(await read()).toMatchObject([
      [DEFAULT_MODEL, { type: "llm", state: "loaded", context_length: 4096 }],
      ["embed.gguf", { ...own, state: "not-loaded" }],
    ]);
    vi.spyOn(home.services.embeddings, "heldModel", "get").mockReturnValue("embed.gguf");
    expect((await read())[1]).toMatchObject(["embed.gguf", { ...own, state: "loaded" }]);
  });

  it("takes a name with encoded slashes, as OpenAI's JavaScript client sends it", async () => {
    const client = home.openai();
    await expect(client.models.retrieve("owner/repo/file.gguf")).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('There is no model "owner/repo/file.gguf".'),
    });
  });

  it("gives one model, and for another name 404 with the list", async () => {
    expect((await ask(`/v1/models/${DEFAULT_MODEL}`)).json).toMatchObject({ id: DEFAULT_MODEL, object: "model" });
    const missing = await ask("/v1/models/some/other.gguf");
    expect(missing).toMatchObject({ status: 404, json: { error: { code: "model_not_found" } } });
    expect(missing.json.error.message).toContain(`There is no model "some/other.gguf". There are: ${DEFAULT_MODEL}`);
  });
});

/** A PNG of one pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
const url64 = `data:image/png;base64,${PNG}`;

describe("while an engine answers that reads pictures", () => {
  let server: StandInOpenAi;
  beforeAll(async () => {
    server = await StandInOpenAi.start();
    server.on("/v1/models", json({ data: [{ id: "eye", owned_by: "llamacpp" }] }));
    server.on("/props", json({ default_generation_settings: { n_ctx: 4096 }, modalities: { vision: true } }));
    const { otherEngines } = home.services;
    await otherEngines.add({ address: server.address, name: "seer" });
    const { id = "" } = (await otherEngines.list()).engines.find(({ name }) => name === "seer") ?? {};
    await otherEngines.choose({ engineId: id, model: "eye" });
  });
  afterAll(async () => {
    await home.services.otherEngines.choose(null);
    await server.stop();
  });
  const text = { type: "text", text: "What is it?" };
  const sent = [{ type: "image_url", image_url: { url: url64 } }, text];

  it.each([
    [
      "/v1/chat/completions",
      { messages: [{ role: "user", content: [text, { type: "image_url", image_url: { url: url64 } }] }] },
    ],
    [
      "/v1/messages",
      {
        max_tokens: 9,
        messages: [
          {
            role: "user",
            content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: PNG } }, text],
          },
        ],
      },
    ],
    [
      "/v1/responses",
      {
        input: [
          {
            role: "user",
            content: [
              { type: "input_text", text: "What is it?" },
              { type: "input_image", image_url: url64 },
            ],
          },
        ],
      },
    ],
  ])("%s sends the picture on", async (path, body) => {
    expect(await ask(path, { model: "eye", ...body })).toMatchObject({ status: 200 });
    const asked = server.seen.findLast(seen => seen.path === "/v1/chat/completions");
    expect(asked?.body).toMatchObject({ messages: [{ role: "user", content: sent }] });
  });

  const see = { name: "see", description: "Takes a picture." };
  const parameters = { type: "object", properties: {} };
  it.each([
    [
      "/v1/chat/completions",
      {
        tools: [{ type: "function", function: { ...see, parameters } }],
        messages: [
          { role: "user", content: "Look." },
          {
            role: "assistant",
            tool_calls: [{ id: "c1", type: "function", function: { name: "see", arguments: "{}" } }],
          },
          { role: "tool", tool_call_id: "c1", content: [{ type: "text", text: "Here." }, sent[0]] },
        ],
      },
    ],
    [
      "/v1/messages",
      {
        max_tokens: 9,
        tools: [{ ...see, input_schema: parameters }],
        messages: [
          { role: "user", content: "Look." },
          { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "see", input: {} }] },
          {
            role: "user",
            content: [
              {
                type: "tool_result",
                tool_use_id: "c1",
                content: [
                  { type: "text", text: "Here." },
                  { type: "image", source: { type: "base64", media_type: "image/png", data: PNG } },
                ],
              },
            ],
          },
        ],
      },
    ],
    [
      "/v1/responses",
      {
        tools: [{ type: "function", ...see, parameters }],
        input: [
          { role: "user", content: "Look." },
          { type: "function_call", call_id: "c1", name: "see", arguments: "{}" },
          {
            type: "function_call_output",
            call_id: "c1",
            output: [
              { type: "input_text", text: "Here." },
              { type: "input_image", image_url: url64 },
            ],
          },
        ],
      },
    ],
  ])("%s sends a picture in a tool's result on, behind the result", async (path, body) => {
    expect(await ask(path, { model: "eye", ...body })).toMatchObject({ status: 200 });
    const asked = server.seen.findLast(seen => seen.path === "/v1/chat/completions");
    expect(asked?.body).toMatchObject({
      messages: [
        { role: "user", content: "Look." },
        { role: "assistant" },
        { role: "tool", content: "Here.", tool_call_id: "c1" },
        { role: "user", content: [sent[0]] },
      ],
    });
  });

  it("says in /props that it does", async () => {
    expect((await ask("/props")).json).toMatchObject({ modalities: { vision: true, audio: false } });
  });

  it.each([
    ["https://example.org/cat.png", "fetches nothing"],
    [`data:image/png;base64,${Buffer.from("GIF89a").toString("base64")}`, "must hold the bytes"],
  ])("refuses %.30s by its place", async (address, why) => {
    const content = [text, { type: "image_url", image_url: { url: address } }];
    const { status, json: answer } = await ask("/v1/chat/completions", { messages: [{ role: "user", content }] });
    expect(status).toBe(400);
    expect(answer.error.message).toMatch(new RegExp(`^messages\\[0\\]\\.content\\[1\\]: image_url .*${why}`));
  });
});

describe("while another engine answers", () => {
  it("/props, /slots and /metrics tell of that one", async () => {
    const server = await StandInOpenAi.start();
    const { otherEngines } = home.services;
    await otherEngines.add({ address: server.address, name: "box" });
    const { id = "" } = (await otherEngines.list()).engines.find(({ name }) => name === "box") ?? {};
    await otherEngines.choose({ engineId: id, model: "tiny" });
    expect((await ask("/props")).json).toMatchObject({
      model_alias: "tiny",
      model_path: "",
      chat_template: "",
      total_slots: 1,
      is_sleeping: false,
      build_info: "box",
      default_generation_settings: { n_ctx: 4096 },
    });
    // vLLM tells no slots: there is one for each of our answers, and at least one.
    expect((await ask("/slots")).json).toEqual([{ id: 0, n_ctx: 4096, is_processing: false }]);
    const read = async (name: string) =>
      Number(new RegExp(`^${name} (.+)$`, "m").exec((await ask("/metrics")).text)?.[1]);
    const before = await read("llamacpp:tokens_predicted_total");
    const messages = [{ role: "user", content: "Hi" }];
    expect((await ask("/v1/chat/completions", { model: "tiny", messages })).status).toBe(200);
    // The stand-in counts 5 tokens.
    expect((await read("llamacpp:tokens_predicted_total")) - before).toBe(5);
    expect(await read("headroom:context_tokens")).toBe(4096);
    await otherEngines.choose(null);
    expect((await ask("/props")).json).toMatchObject({ model_alias: DEFAULT_MODEL });
    await server.stop();
  });
});
