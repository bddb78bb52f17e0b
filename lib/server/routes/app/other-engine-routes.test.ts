import type OpenAI from "openai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
import { standInLlamaServer } from "@/lib/server/testing/stand-ins/stand-in-llama-server";
import { StandInOpenAi } from "@/lib/server/testing/stand-ins/stand-in-openai";
import { serveHome } from "../testing/serve-home";

const KEY = "sk-secret-of-the-test";
const messages = [{ role: "user" as const, content: "Hello?" }];

let server: StandInOpenAi;
let client: OpenAI;

const home = serveHome({ words: ["own", " words"] });
beforeAll(async () => {
  server = await StandInOpenAi.start();
  client = home.openai();
});
afterAll(async () => {
  await server.stop();
});

async function ask(path: string, method: string, body?: object) {
  const response = await fetch(`${home.url}${path}`, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(text).not.toContain(KEY);
  return { status: response.status, body: JSON.parse(text) };
}

const said = async (): Promise<string | null | undefined> =>
  (await client.chat.completions.create({ model: "default", messages })).choices[0]?.message.content;

it("an engine that was added and chosen answers under /v1, until the own one is chosen again", async () => {
  expect(await said()).toBe("own words");
  const found = await ask("/api/engines/test", "POST", { address: server.address, key: KEY });
  expect(found.body).toEqual({ kind: "vllm", models: [{ id: "tiny", contextTokens: 4096, takesPictures: false }] });
  const added = await ask("/api/engines", "POST", { address: server.address, key: KEY, name: "box" });
  const [{ id }] = added.body.engines;
  await ask("/api/engines/choose", "POST", { choice: { engineId: id, model: "tiny" } });
  expect((await ask("/api/engine", "GET")).body.engine).toMatchObject({
    modelName: "tiny",
    config: null,
    other: { engineName: "box", contextTokens: 4096 },
  });
  // No page is open.
  server.on("/metrics", response => void response.end("vllm:num_requests_running 1.0\n"));
  expect((await ask("/slots", "GET")).body).toEqual([{ id: 0, n_ctx: 4096, is_processing: true }]);
  const refused = await ask("/tokenize", "POST", { content: "Hello" });
  expect(refused.body.error.message).toContain(`only it knows the vocabulary of tiny: ask ${server.address}`);
  const answer = await client.chat.completions.create({ model: "default", messages });
  expect(answer).toMatchObject({
    model: "tiny",
    system_fingerprint: "box",
    choices: [{ message: { content: "Hello there" } }],
  });
  expect((await client.models.list()).data[0]?.id).toBe("tiny");
  await ask("/api/engines/choose", "POST", { choice: null });
  expect(await said()).toBe("own words");
  expect((await client.models.list()).data[0]?.id).toBe(DEFAULT_MODEL);
});

it("a model of this computer that is chosen answers again, and is loaded", async () => {
  const [{ id }] = (await ask("/api/engines", "GET")).body.engines;
  await ask("/api/engines/choose", "POST", { choice: { engineId: id, model: "tiny" } });
  const changed = await ask("/api/settings", "PATCH", { TEMPERATURE: 0.5 });
  expect(changed.body).toMatchObject({ cost: "nothing", problem: null });
  expect(await said()).toBe("Hello there");
  await ask("/api/settings", "PATCH", { MODEL: DEFAULT_MODEL });
  expect(home.services.engine.snapshot().config).not.toBeNull();
  expect(await said()).toBe("own words");
});

it("a model of the library that a llama-server runs is listed once, as loaded, with its plan", async () => {
  await ask("/api/engines/llama-server", "POST", { path: standInLlamaServer() });
  await ask("/api/engines/choose", "POST", { choice: { engineId: "llama-server", model: DEFAULT_MODEL } });
  expect(await said()).toContain(`${DEFAULT_MODEL} -ngl`);
  const models = (await ask("/v1/models", "GET")).body.data.filter(({ id }: { id: string }) => id === DEFAULT_MODEL);
  expect(models).toMatchObject([{ state: "loaded", size_bytes: 98_362_432, plan: { kind: expect.any(String) } }]);
  await ask("/api/engines/choose", "POST", { choice: null });
  expect(await said()).toBe("own words");
});

it("a server that is away is refused with the next step", async () => {
  const { status, body } = await ask("/api/engines", "POST", { address: "127.0.0.1:9" });
  expect(status).toBe(502);
  expect(body.error).toMatchObject({ code: "ENGINE_AWAY", next: expect.stringContaining("address") });
});

it("no key is in the log or in Diagnostics", async () => {
  await ask("/api/diagnostics", "GET");
  expect(JSON.stringify(home.services.log.lines())).not.toContain(KEY);
});
