import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ChatTurn, Sampling } from "@/lib/schema/engine-commands";
import type { GenerationStats } from "@/lib/schema/generation";
import { cpuConfig, ForkedEngine, greedy } from "./testing/forked-engine";

const capital: ChatTurn = { role: "user", content: "What is the capital of France? Answer with one word." };
const longTask: ChatTurn = { role: "user", content: "Write a long story about a lighthouse keeper." };

interface Answer {
  readonly text: string;
  readonly reason: string;
  readonly stopString: string | undefined;
  readonly stats: GenerationStats;
}

describe("the engine on the CPU", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = await ForkedEngine.onCpu();
  });
  afterAll(() => engine.end());

  async function answer(turns: ChatTurn[], sampling: Partial<Sampling> = {}): Promise<Answer> {
    let text = "";
    const { reason, stopString, stats } = await engine.askFor(
      "finished",
      { type: "generate", turns, sampling: { ...greedy, ...sampling } },
      message => {
        if (message.type === "text") text += message.text;
      },
    );
    return { text, reason, stopString, stats };
  }

  it("says what it runs on", async () => {
    const { info, vram } = await engine.ready;
    expect(info).toMatchObject({ backend: "none", gpuUsable: false, gpuProblem: null, llamaCppRelease: "v0.5.0" });
    expect(vram).toBeNull();
  });

  it("answers a question, ends by itself and counts", async () => {
    const { text, reason, stats } = await answer([capital]);
    expect(text).toContain("Paris");
    expect(reason).toBe("stop");
    expect(stats.promptTokens).toBeGreaterThan(10);
    expect(stats.generatedTokens).toBeGreaterThan(0);
    expect(stats.timeToFirstTokenMs).toBeGreaterThan(0);
  });

  it("computes only the new tokens of a second turn", async () => {
    const first = await answer([capital]);
    const { stats } = await answer([
      capital,
      { role: "assistant", content: first.text },
      { role: "user", content: "And of Spain?" },
    ]);
    // All of the first turn's prompt is in the cache; its answer is too, where it is split into the same tokens again.
    expect(stats.cachedTokens).toBeGreaterThanOrEqual(first.stats.promptTokens - 1);
    expect(stats.cachedTokens).toBeLessThan(stats.promptTokens);
  });

  it("computes in a pause what the next turn begins with, so that it costs only the message", async () => {
    const message = "And of Spain?";
    const { tokensPerTurn } = await engine.askFor("counted", {
      type: "count",
      turns: [{ role: "user", content: message }],
    });
    // The end of the user's turn and the beginning of the answer's: <|im_end|>, a new line, <|im_start|>, "ass", "istant", a new line.
    const needed = (tokensPerTurn[0] ?? 0) + 6;
    await vi.waitFor(
      async () => {
        const first = await answer([capital]);
        await setTimeout(600);
        const { text, stats } = await answer([
          capital,
          { role: "assistant", content: first.text },
          { role: "user", content: message },
        ]);
        expect(text).toContain("Madrid");
        expect(stats.promptTokens - stats.cachedTokens).toBe(needed);
      },
      // A busy computer may not come to it in the pause.
      { timeout: 60_000, interval: 0 },
    );
  });

  it("ends before a stop string, and says which", async () => {
    const { text, reason, stopString } = await answer([capital], { stop: ["Berlin", "aris"] });
    expect(reason).toBe("stop");
    expect(stopString).toBe("aris");
    expect((await answer([capital])).stopString).toBe(undefined);
    expect(text).not.toContain("aris");
  });

  it("ends at the longest reply and says so", async () => {
    const { reason, stats } = await answer([longTask], { maxTokens: 9 });
    expect(reason).toBe("length");
    expect(stats.generatedTokens).toBe(9);
  });

  it("goes on where an answer was cut", async () => {
    const { text } = await answer([capital, { role: "assistant", content: "The capital of France is" }]);
    expect(text.trimStart().startsWith("Paris")).toBe(true);
  });

  it("says the same for the same seed and something else for another", async () => {
    const warm = { temperature: 1.2, topP: 1, minP: 0, maxTokens: 16 };
    const one = await answer([longTask], { ...warm, seed: 11 });
    const again = await answer([longTask], { ...warm, seed: 11 });
    const other = await answer([longTask], { ...warm, seed: 12 });
    expect(again.text).toBe(one.text);
    expect(other.text).not.toBe(one.text);
  });

  it("keeps to a JSON schema", async () => {
    const { text } = await answer([{ role: "user", content: "Describe a cat." }], {
      maxTokens: 80,
      jsonSchema: {
        type: "object",
        properties: { name: { type: "string", maxLength: 12 }, legs: { type: "integer", minimum: 2, maximum: 4 } },
        required: ["name", "legs"],
      },
    });
    expect(JSON.parse(text)).toEqual({ name: expect.any(String), legs: expect.toBeOneOf([2, 3, 4]) });
  });

  it.each([
    ["a schema that is none", { jsonSchema: "text" }],
    ["a schema that no grammar can hold", { jsonSchema: { type: "array", uniqueItems: true } }],
    ["a schema with a broken keyword", { jsonSchema: { type: "string", title: 3 } }],
    ["a grammar that does not parse", { grammar: "root ::= (" }],
  ])("refuses %s", async (_, sampling) => {
    const message = await engine.ask({ type: "generate", turns: [capital], sampling: { ...greedy, ...sampling } });
    expect(message).toMatchObject({ type: "error", code: "INVALID_INPUT" });
  });

  it("refuses a conversation that does not fit, with both counts", async () => {
    const turns: ChatTurn[] = [{ role: "user", content: "word ".repeat(1500) }];
    const message = await engine.ask({ type: "generate", turns, sampling: greedy });
    expect(message).toMatchObject({ type: "error", code: "CONTEXT_EXCEEDED", contextTokens: 1024 });
    // "word " is one token, so the prompt is its 1,500 and the template's few.
    expect(message).toHaveProperty("promptTokens", expect.closeTo(1511, -1.5));
  });

  it("refuses five megabytes without reading them all", async () => {
    const beganMs = performance.now();
    const turns: ChatTurn[] = [{ role: "user", content: "x".repeat(5_000_000) }];
    const message = await engine.ask({ type: "generate", turns, sampling: greedy });
    expect(message).toMatchObject({ type: "error", code: "CONTEXT_EXCEEDED" });
    expect(performance.now() - beganMs).toBeLessThan(2000);
  });

  it("ends at the full context instead of forgetting the start", async () => {
    await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, contextTokens: 256 } });
    const { reason, stats } = await answer([{ role: "user", content: `${"one two three ".repeat(60)} Go on.` }], {
      maxTokens: 0,
      grammar: 'root ::= ("four "){200}',
    });
    await engine.askFor("loaded", { type: "load", config: cpuConfig });
    expect(reason).toBe("context");
    expect(stats.promptTokens + stats.generatedTokens).toBeGreaterThan(248);
    expect(stats.promptTokens + stats.generatedTokens).toBeLessThanOrEqual(256);
  });

  it("streams whole characters, also where the limit cuts one", async () => {
    for (const maxTokens of [1, 2, 3, 4, 5]) {
      const { text } = await answer([{ role: "user", content: "Say hello." }], {
        maxTokens,
        grammar: 'root ::= "👩‍🚀🏳️‍🌈日本語"',
      });
      expect(text).not.toContain("\ufffd");
      expect("👩‍🚀🏳️‍🌈日本語".startsWith(text)).toBe(true);
    }
  });

  it("stops while it writes", async () => {
    let cancelledMs = 0;
    const { reason, stats } = await engine.askFor(
      "finished",
      { type: "generate", turns: [longTask], sampling: { ...greedy, maxTokens: 0 } },
      (message, id) => {
        if (message.type !== "text" || cancelledMs > 0) return;
        cancelledMs = performance.now();
        engine.cancel(id);
      },
    );
    expect(reason).toBe("cancelled");
    expect(stats.generatedTokens).toBeLessThan(30);
    expect(performance.now() - cancelledMs).toBeLessThan(10_000);
  });

  it("stops while it reads", async () => {
    let cancelled = false;
    const { reason, stats } = await engine.askFor(
      "finished",
      { type: "generate", turns: [{ role: "user", content: "a b c d e f g ".repeat(60) }], sampling: greedy },
      (message, id) => {
        if (message.type !== "prefill" || cancelled) return;
        cancelled = true;
        expect(message.doneTokens).toBeLessThan(message.totalTokens);
        engine.cancel(id);
      },
    );
    expect(reason).toBe("cancelled");
    expect(stats.generatedTokens).toBe(0);
  });

  it("completes a raw text", async () => {
    let text = "";
    const { reason, stats } = await engine.askFor(
      "finished",
      { type: "complete", prompt: "The capital of France is", sampling: { ...greedy, maxTokens: 4 } },
      message => {
        if (message.type === "text") text += message.text;
      },
    );
    expect(text).toContain("Paris");
    expect(reason).toBe("length");
    expect(stats.promptTokens).toBe(5);
  });

  it("begins a text by itself where the prompt is empty", async () => {
    const { reason, stats } = await engine.askFor("finished", {
      type: "complete",
      prompt: "",
      sampling: { ...greedy, maxTokens: 4 },
    });
    // The one token is the vocabulary's beginning of a text.
    expect([reason, stats.promptTokens, stats.generatedTokens]).toEqual(["length", 1, 4]);
  });

  it("counts what turns take, template included", async () => {
    const { tokensPerTurn, totalTokens } = await engine.askFor("counted", { type: "count", turns: [capital] });
    const { stats } = await answer([capital], { maxTokens: 1 });
    expect(totalTokens).toBe(stats.promptTokens);
    expect(tokensPerTurn[0]).toBeLessThan(totalTokens);
  });

  it("estimates what turns take that are out of all proportion, so that they can be left out", async () => {
    const huge = { role: "user", content: "A ship sails over the sea. ".repeat(40_000) } as const;
    const turns = [huge, { role: "assistant", content: "So it does." } as const, capital];
    const { tokensPerTurn, totalTokens } = await engine.askFor("counted", { type: "count", turns });
    const { tokensPerTurn: exact } = await engine.askFor("counted", { type: "count", turns: turns.slice(1) });
    expect(tokensPerTurn.slice(1)).toEqual(exact);
    // Seven tokens a sentence: A, ship, sails, over, the, sea and the full stop.
    expect(tokensPerTurn[0]).toBeGreaterThan(0.95 * 7 * 40_000);
    expect(tokensPerTurn[0]).toBeLessThan(1.05 * 7 * 40_000);
    expect(totalTokens).toBe(tokensPerTurn.reduce((sum, tokens) => sum + tokens, 0));
  });

  it("makes only a new context where the weights may stay", async () => {
    const larger = await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, contextTokens: 2048 } });
    expect(larger.reused).toBe("weights");
    const same = await engine.askFor("loaded", { type: "load", config: { ...cpuConfig, contextTokens: 2048 } });
    expect(same.reused).toBe("everything");
    const back = await engine.askFor("loaded", { type: "load", config: cpuConfig });
    expect(back.buffers.ramContextBytes).toBeLessThan(larger.buffers.ramContextBytes);
  });

  it("takes on the CPU exactly what the dry run says", async () => {
    const { buffers } = await engine.askFor("dry-run", { type: "dry-run", config: cpuConfig });
    const loaded = await engine.askFor("loaded", { type: "load", config: cpuConfig });
    expect(loaded.buffers.gpuWeightsBytes + loaded.buffers.gpuContextBytes).toBe(0);
    expect(loaded.buffers.ramWeightsBytes).toBe(buffers.ramWeightsBytes);
    expect(Math.abs(loaded.buffers.ramContextBytes - buffers.ramContextBytes)).toBeLessThan(1024);
  });

  it("refuses a file that is not there, and a quantized cache without flash attention", async () => {
    const missing = await engine.ask({ type: "load", config: { ...cpuConfig, modelPath: "/nowhere/model.gguf" } });
    expect(missing).toMatchObject({ type: "error", code: "MODEL_NOT_FOUND" });
    const config = { ...cpuConfig, kvType: "q8_0", flashAttention: "off" } as const;
    expect(await engine.ask({ type: "load", config })).toMatchObject({ type: "error", code: "INVALID_INPUT" });
    await engine.askFor("loaded", { type: "load", config: cpuConfig });
  });

  it("refuses a load that system memory cannot hold, before allocating", async () => {
    // 16 Mi tokens of 23,040 bytes each: 360 GiB.
    const config = { ...cpuConfig, contextTokens: 16_777_216 };
    expect(await engine.ask({ type: "load", config })).toMatchObject({ type: "error", code: "OUT_OF_MEMORY" });
    await engine.askFor("loaded", { type: "load", config: cpuConfig });
  });

  it("says nothing on standard output and beats every second", () => {
    expect(engine.stdout).toBe("");
    expect(engine.heartbeats.length).toBeGreaterThan(1);
    expect(engine.heartbeats.some(({ busyWith }) => busyWith !== null)).toBe(true);
  });

  it("is gone when its parent is", async () => {
    const other = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
    await other.ready;
    await other.askFor("loaded", { type: "load", config: cpuConfig });
    void other.ask({ type: "generate", turns: [longTask], sampling: { ...greedy, maxTokens: 0 } });
    const beganMs = performance.now();
    other.disconnect();
    await other.exited;
    expect(performance.now() - beganMs).toBeLessThan(10_000);
  });
});
