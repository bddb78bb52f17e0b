import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  embed,
  embedMany,
  generateObject,
  generateText,
  jsonSchema,
  Output,
  stepCountIs,
  streamObject,
  streamText,
  type ToolSet,
  tool,
} from "ai";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Sampling } from "@/lib/schema/engine-commands";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { serveHome } from "../testing/serve-home";

/*
 * The calls of the Vercel AI SDK's documentation, one row each, through its provider for servers with OpenAI's API. The engine is a
 * scripted one: whatever it is asked, it says a JSON object in two pieces, or calls the tools that it must call.
 */

const WORDS = ['{"city":', ' "Rome"}'];
const said = WORDS.join("");
const schema = jsonSchema<{ city: string }>({
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
});
const weather = tool({
  description: "Says the weather.",
  inputSchema: schema,
  execute: ({ city }) => `Sunny in ${city}`,
});
/** A tool without an execution ends the answer with its call. Its type fits no ToolSet under exactOptionalPropertyTypes. */
const time = tool({ description: "Says the time.", inputSchema: schema }) as ToolSet[string];
const prompt = "Where?";

let provider: ReturnType<typeof createOpenAICompatible>;

const home = serveHome({ words: WORDS });
beforeAll(() => {
  provider = createOpenAICompatible({
    name: "headroom",
    baseURL: `${home.url}/v1`,
    apiKey: "none",
    includeUsage: true,
    supportsStructuredOutputs: true,
  });
});
afterEach(() => vi.restoreAllMocks());

type Call = Partial<Parameters<typeof generateText>[0]>;
const call = (more: Call) =>
  ({ model: provider(DEFAULT_MODEL), maxRetries: 0, prompt, ...more }) as Parameters<typeof generateText>[0];

async function ask(more: Call) {
  const generate = vi.spyOn(home.services.host, "generate");
  const answer = await generateText(call(more));
  return { answer, asked: generate.mock.calls.map(([request]) => request) };
}

/** Each with the sampling that the engine gets. */
const sampled: readonly (readonly [name: string, Call, Partial<Sampling>])[] = [
  ["maxOutputTokens", { maxOutputTokens: 5 }, { maxTokens: 5 }],
  ["temperature", { temperature: 0.3 }, { temperature: 0.3 }],
  ["topP", { topP: 0.4 }, { topP: 0.4 }],
  ["presencePenalty", { presencePenalty: 0.5 }, { presencePenalty: 0.5 }],
  ["frequencyPenalty", { frequencyPenalty: 0.6 }, { frequencyPenalty: 0.6 }],
  ["stopSequences", { stopSequences: ["END"] }, { stop: ["END"] }],
  ["seed", { seed: 7 }, { seed: 7 }],
  [
    "a field of the provider's options",
    { providerOptions: { headroom: { min_p: 0.2, top_k: 3 } } },
    { minP: 0.2, topK: 3 },
  ],
];

const file = (mediaType: string) => ({ type: "file" as const, mediaType, data: new Uint8Array([1, 2, 3]) });
const oneUser = (part: object): Call => ({ prompt: [{ role: "user", content: [part] }] as never });

const refused: readonly (readonly [name: string, Call, RegExp])[] = [
  [
    "an image",
    oneUser({ type: "image", image: new Uint8Array([137, 80, 78, 71]) }),
    /content\[0\]: image_url needs a model with vision/,
  ],
  ["a sound", oneUser(file("audio/wav")), /content\[0\]: input_audio needs a model that hears/],
  ["a PDF", oneUser(file("application/pdf")), /content\[0\]: file needs to be sent as text/],
  ["a temperature out of range", { temperature: 9 }, /temperature must be a number from 0 to 5/],
  [
    "a number of choices out of range",
    { providerOptions: { headroom: { n: 0 } } },
    /n must be a whole number from 1 to 16/,
  ],
  [
    "an unknown effort",
    { providerOptions: { headroom: { reasoningEffort: "much" } } },
    /reasoning_effort must be one of/,
  ],
];

describe("the AI SDK's calls", () => {
  it.each(sampled)("%s reaches the engine", async (_name, more, sampling) => {
    const { answer, asked } = await ask(more);
    expect(asked[0]?.sampling).toMatchObject(sampling);
    expect(answer.text).toBe(said);
    expect(answer.warnings).toEqual([]);
  });

  it.each(refused)("%s is refused by name", async (_name, more, words) => {
    const answer = generateText(call(more));
    await expect(answer).rejects.toThrow(words);
    await expect(answer).rejects.toBeInstanceOf(APICallError);
  });

  it("gets a text with its end, its counts and its model", async () => {
    const { answer } = await ask({});
    expect(answer).toMatchObject({
      text: said,
      finishReason: "stop",
      usage: { inputTokens: 3, outputTokens: WORDS.length },
      response: { modelId: DEFAULT_MODEL },
    });
  });

  it("sends system words, a conversation and parts", async () => {
    const { asked } = await ask({
      system: "Be brief.",
      prompt: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Yes?" },
        {
          role: "user",
          content: [
            { type: "text", text: "Whe" },
            { type: "text", text: "re?" },
          ],
        },
      ],
    });
    expect(asked[0]?.turns).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Yes?" },
      { role: "user", content: "Where?" },
    ]);
  });

  it("reasoningEffort reaches the chat template", async () => {
    const { asked } = await ask({ providerOptions: { headroom: { reasoningEffort: "low" } } });
    expect(asked[0]?.templateOptions).toEqual({ reasoning_effort: "low" });
  });

  it("gets the thoughts apart from the text", async () => {
    const stats = { promptTokens: 3, cachedTokens: 2, generatedTokens: 2 };
    const times = { timeToFirstTokenMs: 1, tokensPerSecond: 0, prefillTokensPerSecond: 0, totalMs: 1 };
    vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
      yield { type: "text", id: "1", text: "Hm.", tokens: 1, thought: true };
      yield { type: "text", id: "1", text: "Rome", tokens: 1, thought: false };
      yield { type: "finished", id: "1", reason: "length", stats: { ...stats, ...times } };
    });
    const whole = await generateText(call({}));
    expect(whole).toMatchObject({ text: "Rome", reasoningText: "Hm.", finishReason: "length" });
    expect(whole.usage.cachedInputTokens).toBe(2);
    const stream = streamText(call({}));
    expect(await stream.reasoningText).toBe("Hm.");
    expect(await stream.text).toBe("Rome");
  });

  it("streams a text, with its end and counts", async () => {
    const stream = streamText(call({}));
    const pieces: string[] = [];
    for await (const piece of stream.textStream) pieces.push(piece);
    expect(pieces).toEqual(WORDS);
    expect(await stream.finishReason).toBe("stop");
    expect(await stream.usage).toMatchObject({ inputTokens: 3, outputTokens: WORDS.length });
  });

  it.each(["required", { type: "tool", toolName: "time" }] as const)(
    "calls tools when the choice is %j",
    async choice => {
      const { answer, asked } = await ask({ tools: { time }, toolChoice: choice as never });
      expect(asked[0]?.toolUse?.choice).toEqual(choice === "required" ? "required" : { name: "time" });
      expect(answer.finishReason).toBe("tool-calls");
      expect(answer.toolCalls).toMatchObject([{ toolName: "time", input: { city: "Paris" } }]);
    },
  );

  it("offers tools for the model to choose, and none when the choice is none", async () => {
    expect((await ask({ tools: { time } })).asked[0]?.toolUse?.choice).toBe("auto");
    vi.restoreAllMocks();
    expect((await ask({ tools: { time }, toolChoice: "none" })).asked[0]?.toolUse).toBeUndefined();
  });

  it("runs a tool and sends its result in the next step", async () => {
    const tools: ToolSet = { weather };
    const { answer, asked } = await ask({
      tools,
      stopWhen: stepCountIs(2),
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? "required" : "auto" }),
    });
    expect(answer.steps).toHaveLength(2);
    expect(answer.text).toBe(said);
    expect(asked[1]?.turns).toMatchObject([
      { role: "user", content: prompt },
      { role: "assistant", toolCalls: [{ id: "call_0", name: "weather" }] },
      { role: "tool", callId: "call_0", content: "Sunny in Paris" },
    ]);
  });

  it("streams a tool's input in pieces", async () => {
    const stream = streamText(call({ tools: { time }, toolChoice: "required" }));
    const types = new Set<string>();
    let input = "";
    for await (const part of stream.fullStream) {
      types.add(part.type);
      if (part.type === "tool-input-delta") input += part.delta;
    }
    expect(input).toBe('{"city": "Paris"}');
    expect([...types]).toEqual(expect.arrayContaining(["tool-input-start", "tool-input-end", "tool-call"]));
    expect(await stream.finishReason).toBe("tool-calls");
  });

  it("makes an object of a schema, whole and as a stream", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    const model = provider(DEFAULT_MODEL);
    expect((await generateObject({ model, schema, prompt, maxRetries: 0 })).object).toEqual({ city: "Rome" });
    const partial: unknown[] = [];
    for await (const object of streamObject({ model, schema, prompt, maxRetries: 0 }).partialObjectStream)
      partial.push(object);
    expect(partial.at(-1)).toEqual({ city: "Rome" });
    expect(generate).toHaveBeenCalledTimes(2);
    for (const [request] of generate.mock.calls)
      expect(request.sampling.jsonSchema).toMatchObject({ required: ["city"], additionalProperties: false });
  });

  it("makes an object as the output of a text", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    const { output } = await generateText({ ...call({}), output: Output.object({ schema }) });
    expect(output).toEqual({ city: "Rome" });
    expect(generate.mock.calls[0]?.[0].sampling.jsonSchema).toMatchObject({ required: ["city"] });
  });

  it("makes an object without a schema", async () => {
    const generate = vi.spyOn(home.services.host, "generate");
    const model = provider(DEFAULT_MODEL);
    const { object } = await generateObject({ model, output: "no-schema", prompt, maxRetries: 0 });
    expect(object).toEqual({ city: "Rome" });
    expect(generate.mock.calls[0]?.[0].sampling.jsonSchema).toBeDefined();
  });

  it("completes a plain prompt, whole and as a stream", async () => {
    const model = provider.completionModel(DEFAULT_MODEL);
    const complete = vi.spyOn(home.services.host, "complete");
    expect((await generateText({ model, prompt, maxRetries: 0 })).text).toBe(said);
    expect(await streamText({ model, prompt, maxRetries: 0 }).text).toBe(said);
    expect(complete).toHaveBeenCalledTimes(2);
  });

  it("embeds one text and several", async () => {
    const vectors = (texts: readonly unknown[]) => texts.map(() => [0.6, -0.8]);
    vi.spyOn(home.services.embeddings, "embed").mockImplementation(async (_model, inputs) => ({
      model: "e.gguf",
      vectors: vectors(inputs),
      tokens: 7,
    }));
    const model = provider.embeddingModel("e.gguf");
    expect(await embed({ model, value: "a", maxRetries: 0 })).toMatchObject({
      embedding: [0.6, -0.8],
      usage: { tokens: 7 },
    });
    expect((await embedMany({ model, values: ["a", "b"], maxRetries: 0 })).embeddings).toEqual(vectors(["a", "b"]));
  });

  it("says where no model makes embeddings", async () => {
    const model = provider.embeddingModel("e.gguf");
    await expect(embed({ model, value: "a", maxRetries: 0 })).rejects.toThrow(/embedding model/);
  });

  it("gets what fails in mid-stream as its error", async () => {
    vi.spyOn(home.services.host, "generate").mockImplementation(async function* () {
      yield { type: "text", id: "1", text: "begun", tokens: 1, thought: false };
      throw Object.assign(new Error("The engine process ended unexpectedly."), { code: "ENGINE_CRASHED" });
    });
    const errors: unknown[] = [];
    const stream = streamText({ ...call({}), onError: ({ error }) => void errors.push(error) });
    await stream.consumeStream();
    expect(JSON.stringify(errors) + String(errors)).toContain("ended unexpectedly");
  });

  it("ends the engine's work when the program leaves", async () => {
    const leaving = new AbortController();
    const generate = vi.spyOn(home.services.host, "generate");
    const stream = streamText(call({ abortSignal: leaving.signal }));
    for await (const _ of stream.textStream) leaving.abort();
    await vi.waitFor(() => expect(home.services.engine.snapshot().state).not.toBe("generating"));
    expect(generate).toHaveBeenCalledTimes(1);
  });
});
