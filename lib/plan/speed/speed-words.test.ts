import { describe, expect, it } from "vitest";
import type { PlanSpeed } from "@/lib/schema/plans/plan-speed";
import { formatSpeed, insteadWords, speedDetail, speedSentence } from "./speed-words";

const speed = (basis: PlanSpeed["basis"]): PlanSpeed => ({
  decodeEmpty: { low: 28.2, high: 45.4 },
  decodeFull: { low: 20, high: 32.1 },
  prefill: { low: 1000, high: 1200 },
  basis,
});

describe("the words for a speed", () => {
  it.each([
    [{ low: 38.2, high: 56.4 }, "38 to 56 tokens/s"],
    [{ low: 4.21, high: 6.1 }, "4.2 to 6.1 tokens/s"],
    // The root of 40 times 44.
    [{ low: 40, high: 44 }, "about 42 tokens/s"],
  ])("%j: %s", (range, words) => expect(formatSpeed(range)).toBe(words));

  it.each([
    ["measured", true, "28 to 45 tokens/s, prompts about 1,095."],
    ["known", true, "No measurement yet on this card: 28 to 45 tokens/s, prompts about 1,095."],
    ["known", false, "No measurement yet on this computer: 28 to 45 tokens/s, prompts about 1,095."],
    ["guessed", true, "Speed guessed from the size of the card's memory: 28 to 45 tokens/s, prompts about 1,095."],
  ] as const)("say what stands behind it: %s, on the card %s", (basis, isOnGpu, words) => {
    expect(speedSentence(speed(basis), isOnGpu)).toBe(words);
  });

  it("tell of a full context and of prompts in detail", () => {
    expect(speedDetail(speed("measured"), true)).toBe(
      "Writes 28 to 45 tokens/s with an empty context and 20 to 32 with a full one. Reads prompts at about 1,095 tokens/s. " +
        "From past loads on this computer.",
    );
  });

  it("compare two plans by the middle of their ranges", () => {
    expect(insteadWords({ low: 40, high: 42.1 }, { low: 20, high: 26.5 })).toBe("about 41 tokens/s instead of 23");
  });
});
