import type OpenAI from "openai";
import { beforeAll, expect, it, vi } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { serveHome } from "../testing/serve-home";

/** An answer takes a minute: whatever ends sooner was stopped, also on a busy machine. */
const home = serveHome({ words: Array.from({ length: 200 }, (_, index) => `word ${index} `), stepMs: 300 });
const STOPPED_WITHIN = { timeout: 15_000, interval: 5 };
const question = { model: DEFAULT_MODEL, messages: [{ role: "user" as const, content: "Hello?" }] };

let client: OpenAI;
beforeAll(() => {
  client = home.openai();
});

const becomes = (state: "generating" | "loaded") =>
  vi.waitFor(() => expect(home.services.engine.snapshot().state).toBe(state), STOPPED_WITHIN);
const waits = (count: number) =>
  vi.waitFor(() => expect(home.services.engine.snapshot().queueLength).toBe(count), STOPPED_WITHIN);

it("N2 N3 a client that leaves in the middle of a stream leaves the engine idle", async () => {
  const leaving = new AbortController();
  const stream = await client.chat.completions.create({ ...question, stream: true }, { signal: leaving.signal });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  leaving.abort();
  await becomes("loaded");
});

it("the tokens that a client got before it left are counted by its key", async () => {
  const { apiKeys } = home.services.access;
  const { secret, key } = apiKeys.make({ name: "leaves", requestsPerMinute: null, tokensPerDay: null });
  const stream = await home.openai(secret).chat.completions.create({ ...question, stream: true });
  let words = 0;
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) words += 1;
    if (words === 2) break;
  }
  const counted = () => apiKeys.list().find(({ id }) => id === key.id);
  await vi.waitFor(() => expect(counted()?.generatedTokens).toBeGreaterThanOrEqual(2), STOPPED_WITHIN);
  expect(counted()?.generatedTokens).toBeLessThan(200);
  expect(counted()?.promptTokens).toBeGreaterThan(0);
  await becomes("loaded");
});

it.each([
  ["a stream", true],
  ["an answer that is no stream", false],
])("N1 N3 a client that leaves before the first word of %s leaves the engine idle", async (_, stream) => {
  const leaving = new AbortController();
  const answer = client.chat.completions.create({ ...question, stream }, { signal: leaving.signal });
  const failed = expect(answer).rejects.toThrow();
  await becomes("generating");
  leaving.abort();
  await failed;
  await becomes("loaded");
});

it("N2 a client that leaves the queue makes its place free, and the others go on", async () => {
  const ending = new AbortController();
  const { config } = home.services.engine.snapshot();
  const ask = ({ signal }: AbortController) =>
    client.chat.completions.create(question, { signal }).then(
      () => "answered",
      () => "left",
    );
  const first = Array.from({ length: config?.sequences ?? 1 }, () => ask(ending));
  const leaving = new AbortController();
  const second = ask(leaving);
  await waits(1);
  leaving.abort();
  expect(await second).toBe("left");
  await waits(0);
  expect(home.services.engine.snapshot().state).toBe("generating");
  ending.abort();
  expect(await Promise.all(first)).not.toContain("answered");
});
