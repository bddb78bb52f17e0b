import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cpuConfig, defaultModelPath, ForkedEngine, greedy } from "../testing/forked-engine";

/** Tokens that nothing here uses, under the names by which llama.cpp knows those for a middle; see llama.cpp src/llama-vocab.cpp. */
const names = [
  ["<issue_closed>", "<|fim_prefix|>"],
  ["<jupyter_text>", "<|fim_suffix|>"],
  ["<jupyter_code>", "<|fim_middle|>"],
] as const;

const folder = mkdtempSync(join(tmpdir(), "headroom-fill-"));
let engine: ForkedEngine;

beforeAll(async () => {
  const file = readFileSync(defaultModelPath);
  for (const [from, to] of names) file.write(to, file.indexOf(from), "latin1");
  const modelPath = join(folder, "fills.gguf");
  writeFileSync(modelPath, file);
  engine = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
  await engine.ready;
  await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, modelPath } });
});
afterAll(async () => {
  await engine.end();
  rmSync(folder, { recursive: true });
});

it("fills in the middle where the vocabulary has tokens for it: prefix, what is before, suffix, what is after, middle", async () => {
  const sampling = { ...greedy, maxTokens: 1 };
  const filled = await engine.askFor("finished", {
    type: "complete",
    prompt: "def f(x):",
    suffix: "return x",
    sampling,
  });
  const { tokens } = await engine.askFor("tokenized", {
    type: "tokenize",
    parts: ["<|fim_prefix|>", "def f(x):", "<|fim_suffix|>", "return x", "<|fim_middle|>"],
    addSpecial: false,
    parseSpecial: true,
    withPieces: false,
  });
  expect(filled.stats.promptTokens).toBe(tokens.length);
  // The same tokens in the same order are all in the cache but the last one.
  const again = await engine.askFor("finished", { type: "complete", prompt: tokens, sampling });
  expect(again.stats.cachedTokens).toBe(tokens.length - 1);
});
