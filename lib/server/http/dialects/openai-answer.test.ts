import { expect, test } from "vitest";
import type { GenerationStats } from "@/lib/schema/generation";
import { greedySampling } from "@/lib/schema/settings/sampling";
import type { AnswerPart, AnswerRequest } from "./answer-request";
import { gatherAnswer } from "./gather-answer";
import { openAiChat, openAiCompletion } from "./openai-answer";

const head = { id: "cmpl-1", created: 1, model: "m.gguf", fingerprint: "b1" };

const request: AnswerRequest = {
  model: null,
  prompts: [{ kind: "text", text: "x" }],
  choicesPerPrompt: 1,
  sampling: greedySampling,
};

const statsOf = (changes: Partial<GenerationStats>): GenerationStats => ({
  promptTokens: 10,
  cachedTokens: 4,
  generatedTokens: 3,
  timeToFirstTokenMs: 100,
  tokensPerSecond: 20,
  prefillTokensPerSecond: 60,
  totalMs: 200,
  ...changes,
});

async function sentOf(events: AsyncIterable<string>): Promise<string[]> {
  const sent: string[] = [];
  for await (const event of events) sent.push(event);
  return sent;
}

test("a waiting client reads its place in comments, and every other event is data", async () => {
  async function* parts(): AsyncGenerator<AnswerPart> {
    yield { type: "queued", position: 2, choice: 0 };
    yield { type: "queued", position: 1, choice: 0 };
    yield { type: "text", id: "c1", text: "Hello", tokens: 1, thought: false, choice: 0 };
  }
  const sent = await sentOf(openAiCompletion({}, request).events(parts(), head));
  expect(sent.slice(0, 2)).toEqual([": queued 2\n\n", ": queued 1\n\n"]);
  expect(sent.slice(2).map(event => event.slice(0, "data: ".length))).toEqual(["data: ", "data: "]);
  expect(sent[2]).toContain('"text":"Hello"');
});

test("each choice opens with its role, and the usage at the end counts the prompt once", async () => {
  async function* parts(): AsyncGenerator<AnswerPart> {
    for (const choice of [1, 0]) yield { type: "text", id: "c", text: `t${choice}`, tokens: 1, thought: false, choice };
    for (const choice of [0, 1]) yield { type: "finished", id: "c", reason: "stop", stats: statsOf({}), choice };
  }
  const sent = await sentOf(
    openAiChat({ stream_options: { include_usage: true } }, { ...request, choicesPerPrompt: 2 }).events(parts(), head),
  );
  const chunks = sent.slice(0, -1).map(event => JSON.parse(event.slice("data: ".length)));
  expect(chunks.map(chunk => chunk.choices[0]?.index)).toEqual([1, 1, 0, 0, 0, 1, undefined]);
  expect(chunks[0].choices[0].delta).toEqual({ role: "assistant", content: null });
  expect(chunks[0].usage).toBeNull();
  expect(chunks.at(-1).usage).toEqual({
    prompt_tokens: 10,
    completion_tokens: 6,
    total_tokens: 16,
    prompt_tokens_details: { cached_tokens: 4 },
  });
  expect(sent.at(-1)).toBe("data: [DONE]\n\n");
});

test("the times are those of llama.cpp's server: 6 tokens read at 60 a second took 100 ms", () => {
  const texts = { text: "Hi", thought: "", calls: [], logprobs: [], prompt: null } as const;
  const choice = { ...texts, reason: "length", stats: statsOf({}) } as const;
  expect(openAiChat({}, request).whole([choice], head)).toMatchObject({
    system_fingerprint: "b1",
    choices: [{ index: 0, finish_reason: "length", message: { role: "assistant", content: "Hi" } }],
    timings: { cache_n: 4, prompt_n: 6, prompt_ms: 100, predicted_n: 3, predicted_ms: 100, predicted_per_second: 20 },
  });
});

test("how far the prompt is read ends at its whole length, and each piece of text has its times", async () => {
  async function* parts(): AsyncGenerator<AnswerPart> {
    yield { type: "prefill", id: "c", doneTokens: 4, totalTokens: 100, choice: 0 };
    yield { type: "prefill", id: "c", doneTokens: 68, totalTokens: 100, choice: 0 };
    yield { type: "text", id: "c", text: "a", tokens: 1, thought: false, choice: 0 };
    yield { type: "text", id: "c", text: "b", tokens: 2, thought: false, choice: 0 };
  }
  const sent = await sentOf(
    openAiChat({ return_progress: true, timings_per_token: true }, request).events(parts(), head),
  );
  const chunks = sent.slice(0, -1).map(event => JSON.parse(event.slice("data: ".length)));
  const read = chunks.flatMap(({ prompt_progress: progress }) => (progress ? [progress] : []));
  expect(read.map(({ cache, processed, total }) => [cache, processed, total])).toEqual([
    [4, 4, 100],
    [4, 68, 100],
    [4, 100, 100],
  ]);
  const timings = chunks.flatMap(({ timings }) => (timings ? [timings] : []));
  expect(timings.map(({ cache_n, prompt_n, predicted_n }) => [cache_n, prompt_n, predicted_n])).toEqual([
    [4, 96, 1],
    [4, 96, 3],
  ]);
});

test("logprobs are those of the answer's own tokens, whole and streamed, and not of a thought's", async () => {
  const token = (text: string) => ({ id: 1, token: text, logprob: -1, top: [] });
  async function* parts(): AsyncGenerator<AnswerPart> {
    const piece = { type: "text", id: "c", tokens: 1, choice: 0 } as const;
    yield { ...piece, text: "Hm", thought: true, logprobs: [token("Hm")] };
    yield { ...piece, text: "Yes", thought: false, logprobs: [token("Yes")] };
    yield { type: "finished", id: "c", reason: "stop", stats: statsOf({}), choice: 0 };
  }
  const wanted = { ...request, sampling: { ...greedySampling, topLogprobs: 0 } };
  const dialect = openAiChat({}, wanted);
  const chunks = (await sentOf(dialect.events(parts(), head)))
    .slice(0, -1)
    .map(event => JSON.parse(event.slice("data: ".length)));
  const whole = dialect.whole(await gatherAnswer(parts(), 1), head) as {
    choices: { logprobs: { content: object[] } }[];
  };
  const streamed = chunks.flatMap(({ choices }) => choices[0]?.logprobs?.content ?? []);
  expect(streamed).toMatchObject([{ token: "Yes" }]);
  expect(streamed).toEqual(whole.choices[0]?.logprobs.content);
});
