import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { expect, it, vi } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { serveHome } from "../testing/serve-home";

const WORDS = ["One", " two", " three"];
const question = { model: DEFAULT_MODEL, messages: [{ role: "user" as const, content: "Count." }] };

const home = serveHome({ words: WORDS });

const clientWith = (apiKey: string) => new OpenAI({ baseURL: `${home.url}/v1`, apiKey, maxRetries: 0 });

it("counts the requests and tokens of a key, whole and streamed, and none of a client without", async () => {
  const { apiKeys } = home.services.access;
  const { secret } = apiKeys.make({ name: "counted", requestsPerMinute: null, tokensPerDay: null });
  const client = clientWith(secret);
  await client.models.list();
  const { usage } = await client.chat.completions.create(question);
  for await (const _part of await client.chat.completions.create({ ...question, stream: true }));
  await clientWith("sk-none").chat.completions.create(question);
  expect(apiKeys.list().find(key => key.name === "counted")).toMatchObject({
    requests: 2,
    promptTokens: 2 * (usage?.prompt_tokens ?? Number.NaN),
    generatedTokens: 2 * WORDS.length,
  });
});

it("counts the tokens of embeddings, and has their key wait for its turn", async () => {
  const { apiKeys } = home.services.access;
  const { secret, key } = apiKeys.make({ name: "embeds", requestsPerMinute: null, tokensPerDay: null });
  const embed = vi.spyOn(home.services.embeddings, "embed").mockResolvedValue({
    model: "embed.gguf",
    vectors: [[1, 0]],
    tokens: 7,
  });
  await clientWith(secret).embeddings.create({ model: "embed.gguf", input: "a" });
  expect(embed.mock.lastCall?.[3]).toBe(key.id);
  expect(apiKeys.list().find(({ id }) => id === key.id)).toMatchObject({ promptTokens: 7, tokensToday: 7 });
  embed.mockRestore();
});

it("the official client sees a reached limit and a revoked key as what they are", async () => {
  const { apiKeys } = home.services.access;
  const { secret, key } = apiKeys.make({ name: "limited", requestsPerMinute: 1, tokensPerDay: null });
  const client = clientWith(secret);
  await client.chat.completions.create(question);
  const refused = client.chat.completions.create(question).catch((error: unknown) => error);
  const error = (await refused) as InstanceType<typeof OpenAI.RateLimitError>;
  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  expect(error.message).toContain('"limited" may be used 1 times a minute');
  expect(Number(error.headers?.get("retry-after"))).toBeGreaterThan(0);
  apiKeys.revoke(key.id);
  await expect(client.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
});

it("keeps a secret out of the log and of every file, whatever its requests come to", async () => {
  const { host, log, access } = home.services;
  const lines: string[] = [];
  const stop = log.subscribe(({ text }) => lines.push(text));
  const { secret, key } = access.apiKeys.make({ name: "quiet", requestsPerMinute: null, tokensPerDay: null });
  await clientWith(secret).chat.completions.create(question);
  const failing = vi.spyOn(host, "generate").mockImplementation(() => {
    throw new Error("An unexpected fault.");
  });
  await expect(clientWith(secret).chat.completions.create(question)).rejects.toThrow(/Something went wrong/);
  failing.mockRestore();
  const headers = { "x-api-key": secret, "content-type": "application/json" };
  expect((await fetch(`${home.url}/v1/messages`, { method: "POST", headers, body: "{" })).status).toBe(400);
  access.apiKeys.shutdown();
  access.apiKeys.revoke(key.id);
  expect((await fetch(`${home.url}/v1/models`, { headers })).status).toBe(401);
  stop();
  expect(lines.join()).toContain("An unexpected fault.");
  expect(lines.join()).not.toContain(secret);
  const files = readdirSync(process.env.HEADROOM_HOME ?? "", { recursive: true, withFileTypes: true });
  const kept = files
    .filter(file => file.isFile())
    .map(file => readFileSync(join(file.parentPath, file.name), "latin1"));
  expect(kept.filter(text => text.includes('"counted"'))).not.toHaveLength(0);
  expect(kept.filter(text => text.includes(secret))).toEqual([]);
});

it("asks for a key on this computer too, once that is wanted", async () => {
  const { apiKeys } = home.services.access;
  apiKeys.require(true);
  await expect(clientWith("sk-none").models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  apiKeys.require(false);
  expect((await clientWith("sk-none").models.list()).data).not.toHaveLength(0);
});
