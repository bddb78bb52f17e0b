import { expect, it } from "vitest";
import { statsInWords } from "./reply-figures";

const stats = {
  promptTokens: 20,
  cachedTokens: 0,
  generatedTokens: 120,
  tokensPerSecond: 12.34,
  timeToFirstTokenMs: 400,
  prefillTokensPerSecond: 50,
  totalMs: 10_200,
  finishReason: "stop",
  modelName: "m",
  gpuLayers: 0,
  totalLayers: 31,
  contextTokens: 4096,
  kvType: "f16",
} as const;

it.each([
  [stats, "12 tokens/s · first token 0.4 s · 120 tokens"],
  [{ ...stats, generatedTokens: 1, tokensPerSecond: 0 }, "first token 0.4 s · 1 token"],
  [{ ...stats, generatedTokens: 0, tokensPerSecond: 0, totalMs: 4900 }, "ended after 4.9 s, before the first token"],
])("%#", (shown, words) => {
  expect(statsInWords(shown)).toBe(words);
});
