import { expect, it } from "vitest";
import type { Comparison, ComparisonColumn } from "@/lib/schema/comparison";
import { isRunning, withComparisonEvent } from "./comparison-store";

const column = (model: string): ComparisonColumn => ({
  model,
  plan: null,
  state: { kind: "waiting" },
  text: "",
  thought: "",
});
const comparison: Comparison = {
  id: "1",
  prompt: "Hello?",
  maxTokens: 16,
  phase: "asking",
  columns: [column("a.gguf"), column("b.gguf")],
  problem: null,
};

it("puts words into their own column and leaves the others as they are", () => {
  const once = withComparisonEvent(comparison, { kind: "words", column: 1, text: "Hel", isThought: false });
  const twice = withComparisonEvent(once, { kind: "words", column: 1, text: "lo", isThought: false });
  expect(twice?.columns[1]).toMatchObject({ text: "Hello", thought: "" });
  expect(twice?.columns[0]).toBe(comparison.columns[0]);
});

it("keeps what a model thinks apart from what it answers", () => {
  const after = withComparisonEvent(comparison, { kind: "words", column: 0, text: "Hm.", isThought: true });
  expect(after?.columns[0]).toMatchObject({ text: "", thought: "Hm." });
});

it("runs until the server says that it is over", () => {
  expect(isRunning(withComparisonEvent(null, { kind: "comparison", comparison }))).toBe(true);
  const over = { ...comparison, phase: "over" as const };
  expect(isRunning(withComparisonEvent(comparison, { kind: "comparison", comparison: over }))).toBe(false);
});
