import { describe, expect, it } from "vitest";
import type { GenerationStats } from "@/lib/schema/generation";
import { EngineCancelledError } from "@/lib/server/engine/engine-errors";
import type { CompleteRequest } from "@/lib/server/engine/engine-supervisor";
import { countingPrompt, measureSpeed, sizesFor } from "./measure-speed";

const stats = (change: Partial<GenerationStats>): GenerationStats => ({
  promptTokens: 20,
  cachedTokens: 0,
  generatedTokens: 4,
  timeToFirstTokenMs: 10,
  tokensPerSecond: 50,
  prefillTokensPerSecond: 500,
  totalMs: 100,
  ...change,
});

/** Four characters a token, and the given speeds one completion after the other. */
function engineOf(decodeSpeeds: readonly number[]) {
  const requests: CompleteRequest[] = [];
  return {
    requests,
    async *complete(request: CompleteRequest) {
      const tokensPerSecond = decodeSpeeds[requests.length] ?? 0;
      requests.push(request);
      const promptTokens = Math.round(request.prompt.length / 4);
      const generatedTokens = request.sampling.maxTokens;
      yield { type: "text" as const, id: "1", text: "1,", tokens: 1, thought: false };
      const finished = stats({ tokensPerSecond, promptTokens, generatedTokens });
      yield { type: "finished" as const, id: "1", reason: "length" as const, stats: finished };
    },
  };
}

const sizes = { promptTokens: 512, generatedTokens: 64, repeats: 3, limitMs: 60_000 };
const never = new AbortController().signal;

describe("measureSpeed", () => {
  it("throws the first completion away and takes the median of the repeats", async () => {
    const engine = engineOf([1, 50, 40, 60, 48]);
    const speed = await measureSpeed(engine, sizes, never);
    // The spread is (60 - 40) / 48.
    expect(speed).toMatchObject({ decodeTokensPerSecond: 48, repeats: 3, generatedTokens: 64 });
    expect(speed.decodeSpread).toBeCloseTo(0.4167, 3);
  });

  it("makes prompts of the wanted number of tokens, none beginning like another", async () => {
    const engine = engineOf([50, 50, 50, 50, 50]);
    await measureSpeed(engine, sizes, never);
    const tokens = engine.requests.slice(2).map(({ prompt }) => prompt.length / 4);
    for (const count of tokens) expect(count).toBeGreaterThan(512 * 0.95);
    for (const count of tokens) expect(count).toBeLessThan(512 * 1.05);
    expect(new Set(engine.requests.map(({ prompt }) => prompt.slice(0, 4))).size).toBe(5);
  });

  it("refuses to call nothing a speed", async () => {
    await expect(measureSpeed(engineOf([50, 50, 0]), sizes, never)).rejects.toThrow("nothing to measure");
  });

  it("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const engine = engineOf([50, 50, 50, 50, 50]);
    const cancelling = {
      complete: (request: CompleteRequest) => {
        if (engine.requests.length === 2) controller.abort(new EngineCancelledError("Stop."));
        return engine.complete(request);
      },
    };
    await expect(measureSpeed(cancelling, sizes, controller.signal)).rejects.toThrow("Stop.");
    expect(engine.requests).toHaveLength(3);
  });
});

describe("sizesFor", () => {
  const full = { promptTokens: 512, generatedTokens: 64, repeats: 3, limitMs: 40_000 };

  it("makes as many repeats as there is time for", () => {
    // 512/64 + 64/8 = 16 s a repeat: two in 40 s.
    const probe = stats({ prefillTokensPerSecond: 64, tokensPerSecond: 8 });
    expect(sizesFor(full, probe)).toMatchObject({ promptTokens: 512, generatedTokens: 64, repeats: 2 });
  });

  it("shrinks the only repeat of a machine that is slower still", () => {
    // 512/8 + 64/4 = 80 s: half of it fits 40 s.
    const probe = stats({ prefillTokensPerSecond: 8, tokensPerSecond: 4 });
    expect(sizesFor(full, probe)).toEqual({ promptTokens: 256, generatedTokens: 32, repeats: 1 });
  });

  it("never goes below what still means something", () => {
    const probe = stats({ prefillTokensPerSecond: 0.5, tokensPerSecond: 0.1 });
    expect(sizesFor(full, probe)).toEqual({ promptTokens: 16, generatedTokens: 4, repeats: 1 });
  });
});

describe("countingPrompt", () => {
  it("counts on from another number each turn", () => {
    expect(countingPrompt(0, 18)).toBe("1000, 1001, 1002, ");
    expect(countingPrompt(1, 6)).toBe("2000, ");
  });
});
