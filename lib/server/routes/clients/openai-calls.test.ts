import OpenAI from "openai";
import type { ChatCompletionCreateParamsNonStreaming } from "openai/resources/chat/completions";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Sampling } from "@/lib/schema/engine-commands";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { serveHome } from "../testing/serve-home";

/*
 * The parameters of OpenAI's chat completions, one row each, from its documentation: each works, has no effect on an answer, or is
 * refused by its name. The engine is a scripted one; what it is asked for is what is looked at.
 */

type Call = Partial<ChatCompletionCreateParamsNonStreaming> & Record<string, unknown>;
const user = (content: unknown) => ({ role: "user", content });
const text = (words: string) => ({ type: "text", text: words });

/** Each with the sampling that the engine gets. */
const works: readonly (readonly [name: string, Call, Partial<Sampling>])[] = [
  ["temperature", { temperature: 1.5 }, { temperature: 1.5 }],
  ["temperature 0", { temperature: 0 }, { temperature: 0 }],
  ["top_p", { top_p: 0.3 }, { topP: 0.3 }],
  ["top_k", { top_k: 12 }, { topK: 12 }],
  ["top_k -1", { top_k: -1 }, { topK: 0 }],
  ["min_p", { min_p: 0.2 }, { minP: 0.2 }],
  ["repeat_penalty", { repeat_penalty: 1.2 }, { repeatPenalty: 1.2 }],
  ["presence_penalty", { presence_penalty: 0.5 }, { presencePenalty: 0.5 }],
  ["frequency_penalty", { frequency_penalty: -0.5 }, { frequencyPenalty: -0.5 }],
  ["seed", { seed: 42 }, { seed: 42 }],
  ["a negative seed", { seed: -5 }, { seed: -1 }],
  ["max_tokens", { max_tokens: 5 }, { maxTokens: 5 }],
  ["max_completion_tokens", { max_completion_tokens: 6 }, { maxTokens: 6 }],
  ["max_completion_tokens over max_tokens", { max_tokens: 5, max_completion_tokens: 6 }, { maxTokens: 6 }],
  [
    "max_tokens beside an empty max_completion_tokens",
    { max_tokens: 5, max_completion_tokens: null },
    { maxTokens: 5 },
  ],
  ["llama.cpp's n_predict", { n_predict: 7 }, { maxTokens: 7 }],
  ["vLLM's repetition_penalty", { repetition_penalty: 1.2 }, { repeatPenalty: 1.2 }],
  ["max_tokens -1", { max_tokens: -1 }, { maxTokens: 0 }],
  ["stop as a text", { stop: "END" }, { stop: ["END"] }],
  ["stop as a list", { stop: ["A", "B"] }, { stop: ["A", "B"] }],
  ["an empty stop", { stop: [""] }, { stop: [] }],
  ["logit_bias", { logit_bias: { "5": -100 } }, { logitBias: [{ token: 5, bias: -100 }] }],
  [
    "llama.cpp's logit_bias",
    { logit_bias: [["Hello", false]] as never },
    { logitBias: [{ token: "Hello", bias: null }] },
  ],
  ["logprobs", { logprobs: true }, { topLogprobs: 0 }],
  ["top_logprobs", { logprobs: true, top_logprobs: 3 }, { topLogprobs: 3 }],
  ["response_format json_object", { response_format: { type: "json_object" } }, { jsonSchema: expect.anything() }],
  [
    "a schema beside json_object",
    { response_format: { type: "json_object", schema: { const: 1 } } as never },
    { jsonSchema: { const: 1 } },
  ],
  [
    "response_format json_schema",
    { response_format: { type: "json_schema", json_schema: { name: "x", strict: true, schema: { type: "string" } } } },
    { jsonSchema: { type: "string" } },
  ],
  ["grammar", { grammar: 'root ::= "a"' }, { grammar: 'root ::= "a"' }],
  ["null for every choice", { temperature: null, stop: null, seed: null, n: null, max_tokens: null }, { stop: [] }],
];

/** Each is taken without a warning, and the engine is asked for the same as without it. */
const harmless: readonly Call[] = [
  { user: "someone" },
  { metadata: { a: "b" } },
  { store: true },
  { service_tier: "auto" },
  { safety_identifier: "x" },
  { prompt_cache_key: "k" },
  { prompt_cache_retention: "24h" },
  { prediction: { type: "content", content: "x" } },
  { modalities: ["text"] },
  { parallel_tool_calls: true },
  { cache_prompt: true },
  { store: "no" as never, service_tier: 3 as never, prompt_cache_key: { a: 1 } as never, id_slot: "any" },
  { min_tokens: 0, stop_token_ids: [], bad_words: [], use_beam_search: false, length_penalty: 1, n_probs: 0 },
  { structured_outputs: null, guided_json: null, functions: null as never },
  { response_format: { type: "text" } },
  { logprobs: false },
  { n: 1 },
  { mirostat: 0, typical_p: 1, xtc_probability: 0, dry_multiplier: 0, ignore_eos: false },
];

/** The words of each refusal name the parameter. */
const refused: readonly (readonly [Call, RegExp])[] = [
  [{ modalities: ["text", "audio"] }, /modalities\[1\] must be "text"/],
  [{ audio: { voice: "alloy", format: "mp3" } }, /audio must be left out, because this engine cannot do it/],
  [{ web_search_options: {} }, /web_search_options must be left out/],
  [{ mirostat: 2 }, /mirostat must be 0, not 2/],
  [{ typical_p: 0.5 }, /typical_p must be 1, not 0.5/],
  [{ dry_multiplier: 0.8 }, /dry_multiplier must be 0, not 0.8/],
  [{ ignore_eos: true }, /ignore_eos must be false, not true/],
  [{ min_tokens: 5 }, /min_tokens must be 0, not 5/],
  [{ stop_token_ids: [2] }, /stop_token_ids must be an empty list, not a list of 1 entry/],
  [{ use_beam_search: true }, /use_beam_search must be false, not true/],
  [{ guided_choice: ["a", "b"] }, /guided_choice must be left out: send response_format or grammar/],
  [{ structured_outputs: { regex: "a+" } }, /structured_outputs must be left out: send response_format or grammar/],
  [{ functions: [{ name: "f" }] }, /functions must be left out: send tools/],
  [{ function_call: "auto" }, /function_call must be left out: send tool_choice/],
  [{ n: 0 }, /n must be a whole number from 1 to 16, not 0/],
  [{ temperature: -1 }, /temperature must be a number from 0 to 5, not -1/],
  [{ top_p: 2 }, /top_p must be a number from 0 to 1, not 2/],
  [{ presence_penalty: 3 }, /presence_penalty must be a number from -2 to 2, not 3/],
  [{ logprobs: true, top_logprobs: 21 }, /top_logprobs must be a whole number from 0 to 20, not 21/],
  [{ top_logprobs: 2 }, /top_logprobs needs logprobs to be true/],
  [{ max_tokens: 0 }, /max_tokens must be -1 or a whole number of at least 1, not 0/],
  [{ response_format: { type: "xml" } as never }, /response_format\.type must be one of/],
  [{ reasoning_effort: "much" as never }, /reasoning_effort must be one of/],
  [
    { messages: [user([text("x"), { type: "image_url", image_url: { url: "x" } }])] as never },
    /messages\[0\]\.content\[1\]: image_url needs a model with vision/,
  ],
  [
    { messages: [user([{ type: "input_audio", input_audio: {} }])] as never },
    /messages\[0\]\.content\[0\]: input_audio needs a model that hears/,
  ],
  [
    { messages: [user([{ type: "file", file: {} }])] as never },
    /messages\[0\]\.content\[0\]: file needs to be sent as text/,
  ],
  [{ messages: [{ role: "alien", content: "x" }] as never }, /messages\[0\]\.role must be one of/],
  [{ continue_final_message: true }, /continue_final_message needs a last message of the assistant's/],
];

let client: OpenAI;

const home = serveHome({ words: ["Hi"] });
beforeAll(() => {
  client = home.openai();
});
afterEach(() => vi.restoreAllMocks());

const request = (call: Call): ChatCompletionCreateParamsNonStreaming => ({
  model: DEFAULT_MODEL,
  messages: [{ role: "user", content: "Hello?" }],
  ...call,
});

async function ask(call: Call) {
  const generate = vi.spyOn(home.services.host, "generate");
  const { data, response } = await client.chat.completions.create(request(call)).withResponse();
  return { answer: data, asked: generate.mock.calls[0]?.[0], warning: response.headers.get("warning") };
}

describe("the official client's calls", () => {
  it.each(works)("%s reaches the engine", async (_name, call, sampling) => {
    const { answer, asked, warning } = await ask(call);
    expect(asked?.sampling).toMatchObject(sampling);
    expect(answer.choices[0]?.message.content).toBe("Hi");
    expect(warning).toBeNull();
  });

  it.each(harmless)("%j changes nothing", async call => {
    const { asked, warning } = await ask(call);
    const { asked: plain } = await ask({});
    expect(asked).toEqual(plain);
    expect(warning).toBeNull();
  });

  // A wish for shorter or longer words, which clients of OpenAI's own models send by themselves.
  it("verbosity changes nothing and is named in the warning", async () => {
    const { asked, warning } = await ask({ verbosity: "low" });
    expect(asked).toEqual((await ask({})).asked);
    expect(warning).toBe('299 headroom "Ignored: verbosity"');
  });

  it.each(refused)("%j is refused by name", async (call, words) => {
    await expect(client.chat.completions.create(request(call))).rejects.toThrow(words);
  });

  it.each([
    ["POST /v1/images/generations", () => client.images.generate({ model: DEFAULT_MODEL, prompt: "x" })],
    ["POST /v1/audio/speech", () => client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "x" })],
    ["POST /v1/moderations", () => client.moderations.create({ input: "x" })],
    ["GET /v1/files", () => client.files.list()],
    ["GET /v1/batches", () => client.batches.list()],
    ["GET /v1/responses/resp_1", () => client.responses.retrieve("resp_1")],
  ] as const)("%s is refused by name", async (path, call) => {
    const answer = call();
    await expect(answer).rejects.toThrow(`There is no ${path}.`);
    await expect(answer).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it("values for the chat template reach the engine by their names", async () => {
    const kwargs = { chat_template_kwargs: { enable_thinking: true, style: "brief" } };
    expect((await ask({ reasoning_effort: "high" })).asked?.templateOptions).toEqual({ reasoning_effort: "high" });
    vi.restoreAllMocks();
    expect((await ask({ reasoning_effort: "none" as never })).asked?.templateOptions).toEqual({
      reasoning_effort: "none",
      enable_thinking: false,
    });
    vi.restoreAllMocks();
    expect((await ask(kwargs)).asked?.templateOptions).toEqual(kwargs.chat_template_kwargs);
  });
});
