import { describe, expect, it } from "vitest";
import type { Comparison, ComparisonColumn } from "@/lib/schema/comparison";
import { comparisonSentence, firstColumns, measuredWords } from "./compare-words";

const range = { low: 40, high: 60 };
const speed = { decodeEmpty: range, decodeFull: range, prefill: range, basis: "known" as const };

describe("firstColumns", () => {
  it("completes the address with the model in use, then with another", () => {
    expect(firstColumns([], ["a", "b", "c"], "c")).toEqual(["c", "a"]);
    expect(firstColumns(["b"], ["a", "b", "c"], "c")).toEqual(["b", "c"]);
    expect(firstColumns(["c"], ["a", "b", "c"], "c")).toEqual(["c", "a"]);
  });

  it("leaves what the address says, also models that are not there", () => {
    expect(firstColumns(["x", "y", "z", "w"], ["a"], null)).toEqual(["x", "y", "z", "w"]);
    expect(firstColumns([], ["a"], null)).toEqual(["a"]);
  });
});

describe("measuredWords", () => {
  it.each([
    [50, "50 tokens/s, as predicted"],
    [60, "60 tokens/s, as predicted"],
    // The middle of the range is 49: the root of 40 times 60.
    [35, "35 tokens/s, 29 % slower than predicted"],
    [75, "75 tokens/s, 53 % faster than predicted"],
  ])("compares %d with the range", (rate, words) => {
    expect(measuredWords(rate, speed)).toBe(words);
  });

  it("compares with nothing where nothing was predicted", () => {
    expect(measuredWords(8.25, null)).toBe("8.3 tokens/s");
  });
});

const stats = {
  promptTokens: 3,
  cachedTokens: 0,
  generatedTokens: 20,
  timeToFirstTokenMs: 100,
  prefillTokensPerSecond: 0,
  totalMs: 1000,
};
const loaded = { gpuLayers: 0, totalLayers: 31, contextTokens: 512, loadMs: 1, lowered: null };
const column = (model: string, state: ComparisonColumn["state"]): ComparisonColumn => ({
  model,
  plan: null,
  state,
  text: "",
  thought: "",
});
const answered = (model: string, tokensPerSecond: number) =>
  column(model, { kind: "answered", loaded, reason: "stop", stats: { ...stats, tokensPerSecond } });
const sentence = (phase: Comparison["phase"], ...columns: ComparisonColumn[]) =>
  comparisonSentence({ id: "1", prompt: "", maxTokens: 16, problem: null, phase, columns });

describe("comparisonSentence", () => {
  it("says whose turn it is", () => {
    expect(sentence("asking", answered("a", 10), column("b", { kind: "loading" }))).toBe("2 of 2: b is being loaded.");
    expect(sentence("asking", column("a", { kind: "answering", loaded }), column("b", { kind: "waiting" }))).toBe(
      "1 of 2: a answers.",
    );
  });

  it("says who was faster, and by how much", () => {
    expect(sentence("over", answered("a", 10), answered("b", 25))).toBe(
      "b wrote fastest: 25 tokens/s, 2.5 times as fast as a.",
    );
    expect(sentence("over", answered("a", 10), answered("b", 10.2))).toBe("b and a wrote equally fast.");
  });

  it("names the only one that has answered", () => {
    expect(sentence("over", answered("a", 10), column("b", { kind: "stopped" }))).toBe("Only a has answered.");
    expect(sentence("over", column("a", { kind: "stopped" }))).toBe("No model has answered.");
  });
});
