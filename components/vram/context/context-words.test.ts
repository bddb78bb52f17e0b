import { describe, expect, it } from "vitest";
import { contextImpact } from "@/lib/plan/advice/context-impact";
import { mistralSurface, p4000, planSettings } from "@/lib/plan/testing/surface-fixtures";
import { contextInWords, fullStopInWords, hasOverBudget } from "./context-words";

const impactAt = (N_CTX: number) => contextImpact(mistralSurface, p4000, planSettings({ N_CTX }));

describe("where all layers stop fitting", () => {
  it.each([
    [null, 4096, "never all layers"],
    [11_264, 4096, "all layers up to 11,264 tokens"],
    [32_768, 4096, "all layers up to 32,768 tokens, all it was trained for"],
    [40_960, 65_536, "all layers up to 40,960 tokens, trained for 32,768"],
    [65_536, 65_536, "all layers up to 65,536 tokens, trained for 32,768"],
  ])("%s of %i tokens planned: %s", (tokens, planned, words) => {
    expect(fullStopInWords(tokens, impactAt(planned))).toBe(words);
  });

  it("says nothing of training where the header does not", () => {
    expect(fullStopInWords(131_072, { ...impactAt(4096), trainedTokens: 0 })).toBe("all layers up to 131,072 tokens");
  });
});

it("names the answers at once that the figures count: all that are asked for, and one where there may be more", () => {
  // Mistral 7B at 4,096 tokens: a cache of 512 MiB for each answer, in all layers.
  const [one, four, auto] = ([1, 4, "auto"] as const).map(PARALLEL =>
    contextImpact(mistralSurface, p4000, planSettings({ PARALLEL })),
  );
  if (!one || !four || !auto) throw new Error("there are three");
  const at4096 = one.contexts.indexOf(4096);
  expect(contextInWords(four, at4096, 33)).toMatch(/^4 × 4,096 tokens, all 33 layers: f16 /);
  expect(contextInWords(auto, at4096, 33)).toBe(contextInWords(one, at4096, 33));
  const gibOf = (impact: typeof one) => (impact.perKvType.f16.fullNeedBytes[at4096] ?? 0) / 1024 ** 3;
  expect(gibOf(four) - gibOf(one)).toBeCloseTo(1.5, 2);
});

it("the caption is about the very context, not about the nearest sample", () => {
  const impact = impactAt(768);
  expect(contextInWords(impact, impact.contexts.indexOf(768), 33)).toMatch(
    /^768 tokens, all 33 layers: f16 [\d.]+ GiB \(all fit\)/,
  );
});

it("says which experts the figures count in RAM", () => {
  const apart = { ...impactAt(4096), experts: { expertBlocksInRam: 20 } };
  expect(contextInWords(apart, 0, 33)).toMatch(/^1,024 tokens, all 33 layers, experts of 20 blocks in RAM: f16 /);
});

it("explains hollow marks only where there are some", () => {
  // Mistral 7B with all layers at 32,768 tokens takes 8,076 MiB with f16, of a budget of 5,396.6 MiB (visual.md).
  expect(hasOverBudget(impactAt(4096))).toBe(true);
  expect(hasOverBudget({ ...impactAt(4096), budgetBytes: 8192 * 1024 ** 2 })).toBe(false);
});
