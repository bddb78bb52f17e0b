import { describe, expect, it } from "vitest";
import type { ComputePoint } from "@/lib/schema/memory-surface";
import { addPoint, refine, type SampledColumn } from "./context-points";

const MIB = 1024 * 1024;

/** A column over a known curve that counts how often it was asked. */
async function column(curveMib: (tokens: number) => number, contexts: readonly number[]): Promise<SampledColumn> {
  const points: ComputePoint[] = [];
  const sampled: SampledColumn = {
    points,
    heldBytes: () => ({ gpuBytes: 1000 * MIB, ramBytes: 0 }),
    sample: async contextTokens => ({ contextTokens, gpuBytes: curveMib(contextTokens) * MIB, ramBytes: 0 }),
  };
  for (const tokens of contexts) await addPoint(sampled, tokens);
  return sampled;
}

function worstErrorMib({ points }: SampledColumn, curveMib: (tokens: number) => number): number {
  let worst = 0;
  for (let tokens = 256; tokens <= 32_768; tokens += 256) {
    const right = points.findIndex(point => point.contextTokens >= tokens);
    const b = points[right];
    const a = points[Math.max(0, right - 1)];
    if (a === undefined || b === undefined) continue;
    const share = a === b ? 0 : (tokens - a.contextTokens) / (b.contextTokens - a.contextTokens);
    const line = (a.gpuBytes + (b.gpuBytes - a.gpuBytes) * share) / MIB;
    worst = Math.max(worst, Math.abs(line - curveMib(tokens)));
  }
  return worst;
}

const always = async () => true;

describe("refine", () => {
  it("leaves a straight line after a few looks", async () => {
    const line = (tokens: number) => 100 + tokens / 1024;
    const sampled = await column(line, [256, 32_768]);
    await refine([sampled], 32_768, always);
    expect(worstErrorMib(sampled, line)).toBeLessThan(0.001);
    expect(sampled.points.length).toBeLessThan(40);
  });

  it("follows a step to the last 256 tokens", async () => {
    const step = (tokens: number) => (tokens < 9000 ? 100 : 180);
    const sampled = await column(step, [256, 32_768]);
    await refine([sampled], 32_768, always);
    expect(worstErrorMib(sampled, step)).toBe(0);
  });

  it("puts what is far off before what is nearly right", async () => {
    const steep = (tokens: number) => (tokens < 5000 ? 100 : 400);
    const flat = () => 100;
    const [good, bad] = [await column(flat, [256, 32_768]), await column(steep, [256, 32_768])];
    let left = 30;
    await refine([good, bad], 32_768, async () => left-- > 0);
    expect(bad.points.length).toBeGreaterThan(good.points.length);
  });

  it("cuts at the contexts that people choose", async () => {
    const sampled = await column(() => 100, [256, 32_768]);
    let left = 12;
    await refine([sampled], 32_768, async () => left-- > 0);
    const contexts = sampled.points.map(point => point.contextTokens);
    expect(contexts).toEqual(expect.arrayContaining([2048, 4096, 8192, 16_384]));
  });

  it("stops at once when there is no time", async () => {
    const sampled = await column(() => 100, [256, 32_768]);
    await refine([sampled], 32_768, async () => false);
    expect(sampled.points).toHaveLength(2);
  });
});
