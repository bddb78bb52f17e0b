import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import type { GenerationStats } from "@/lib/schema/generation";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { cpuConfig, ForkedEngine, greedy } from "../testing/forked-engine";

const LONG =
  "The order came in on Monday. Twelve boxes of tea went to the house by the river, and four to the mill. ".repeat(13);
const question: ChatTurn = { role: "user", content: `${LONG}\nWhat went to the mill?` };

const folder = mkdtempSync(join(tmpdir(), "headroom-kv-model-"));
const state = join(folder, "chat.kv");
let engine: ForkedEngine;
let { threads } = cpuConfig;

async function start(config: Partial<LoadConfig> = {}): Promise<void> {
  engine = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
  await engine.ready;
  await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, ...config } });
}

async function restart(config: Partial<LoadConfig> = {}): Promise<void> {
  await engine.end();
  await start(config);
}

/** Another number of threads needs another context, which writes the chat's state to disk and begins empty. */
async function makeContextAnew(): Promise<void> {
  threads = 3 - threads;
  await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, threads } });
}

async function say(turns: ChatTurn[], maxTokens = 24): Promise<{ text: string; stats: GenerationStats }> {
  let text = "";
  const { stats } = await engine.askFor(
    "finished",
    {
      type: "generate",
      turns,
      cacheKey: "chat",
      keepKvIn: folder,
      speculate: true,
      sampling: { ...greedy, maxTokens },
    },
    message => {
      if (message.type === "text") text += message.text;
    },
  );
  return { text, stats };
}

beforeAll(() => start());
afterAll(async () => {
  await engine.end();
  rmSync(folder, { recursive: true });
});

it("reads only the new message after a restart, and answers as without one", async () => {
  const first = await say([question]);
  expect(first.stats.promptTokens).toBeGreaterThan(300);
  const next: ChatTurn[] = [
    question,
    { role: "assistant", content: first.text },
    { role: "user", content: "And who?" },
  ];
  const warm = await say(next);
  await restart();
  const cold = await say(next);
  expect(cold.text).toBe(warm.text);
  // The question before is in the cache; the last token is computed with the answer's first.
  expect(cold.stats.promptTokens - cold.stats.cachedTokens).toBeLessThan(40);
});

it("reads only the new message after the context was made again", async () => {
  await say([question]);
  await makeContextAnew();
  const { stats } = await say([question]);
  expect(stats.promptTokens - stats.cachedTokens).toBe(1);
});

it.each<[string, () => void]>([
  ["damaged", () => writeFileSync(state, readFileSync(state).fill(7, 5000, 6000))],
  ["cut", () => writeFileSync(state, readFileSync(state).subarray(0, 9000))],
  ["foreign", () => writeFileSync(state, "not a state")],
  ["missing", () => rmSync(state)],
])("reads the chat again where the state is %s", async (_, damage) => {
  const before = await say([question], 8);
  await makeContextAnew();
  expect(existsSync(state)).toBe(true);
  damage();
  const { text, stats } = await say([question], 8);
  expect(stats.cachedTokens).toBe(0);
  expect(text).toBe(before.text);
});

it("reads the chat again for another cache, and then keeps that one", async () => {
  await say([question], 1);
  await restart({ kvType: "q8_0" });
  expect((await say([question], 1)).stats.cachedTokens).toBe(0);
  await restart({ kvType: "q8_0" });
  expect((await say([question], 1)).stats.cachedTokens).toBeGreaterThan(300);
});
