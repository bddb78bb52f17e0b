import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { draftConfigOf } from "@/lib/plan/memory/draft-config";
import type { ChatTurn, Sampling } from "@/lib/schema/engine-commands";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { MIB } from "@/lib/units/bytes";
import { cpuConfig, defaultModelPath, ForkedEngine, greedy } from "../testing/forked-engine";
import { writeUntrained } from "../testing/untrained-model";

const folder = mkdtempSync(join(tmpdir(), "headroom-draft-"));
const same = join(folder, "same.gguf");
const untrained = join(folder, "untrained.gguf");
const turns: ChatTurn[] = [{ role: "user", content: "Explain how a sailing ship can move against the wind." }];

beforeAll(() => {
  copyFileSync(defaultModelPath, same);
  writeUntrained(defaultModelPath, untrained);
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (engine: ForkedEngine, change: Partial<LoadConfig>) =>
  engine.askFor("loaded", { type: "load", config: { ...cpuConfig, sequences: 2, ...change } });

async function write(engine: ForkedEngine, speculate: boolean, sampling: Partial<Sampling> = {}) {
  let text = "";
  const { reason, stats } = await engine.askFor(
    "finished",
    { type: "generate", turns, speculate, sampling: { ...greedy, maxTokens: 64, ...sampling } },
    message => {
      if (message.type === "text") text += message.text;
    },
  );
  return { said: { text, reason, tokens: stats.generatedTokens }, draft: stats.draft };
}

describe("a draft model, on the CPU", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
    await engine.ready;
  });
  afterAll(() => engine.end());

  it("guesses all of a greedy answer where it is the model itself, and the answer is the same", async () => {
    await load(engine, {});
    const plain = await write(engine, false);
    const { draft } = await load(engine, { draft: { modelPath: same, gpuLayers: 0 } });
    expect(draft?.kind).toBe("loaded");
    const fast = await write(engine, true);
    expect(fast.said).toEqual(plain.said);
    expect(fast.draft?.tokens).toBeGreaterThan(plain.said.tokens / 2);
    expect(fast.draft?.right).toBe(fast.draft?.tokens);
  });

  it.each<[string, Partial<Sampling>]>([
    ["with a seed", { temperature: 0.8, topP: 0.95, seed: 7 }],
    ["with a stop string", { stop: ["wind"] }],
    ["with a limit inside a guess", { maxTokens: 13 }],
    ["with a grammar", { grammar: 'root ::= ("the " | "ship " | "wind ")+' }],
  ])("changes nothing of an answer %s", async (_, sampling) => {
    const plain = await write(engine, false, sampling);
    const fast = await write(engine, true, sampling);
    expect(fast.draft?.tokens).toBeGreaterThan(0);
    expect(fast.said).toEqual(plain.said);
  });

  it("ends with its answer when that is cancelled, and drafts for the next", async () => {
    let isCancelled = false;
    const cancelled = engine.askFor(
      "finished",
      { type: "generate", turns, speculate: true, sampling: { ...greedy, maxTokens: 0 } },
      (message, id) => {
        if (message.type !== "text" || isCancelled) return;
        isCancelled = true;
        engine.cancel(id);
      },
    );
    expect((await cancelled).reason).toBe("cancelled");
    expect((await write(engine, true)).draft?.right).toBeGreaterThan(0);
  });

  it("changes nothing of two answers side by side", async () => {
    const plain = await write(engine, false);
    const together = await Promise.all([write(engine, true), write(engine, true)]);
    expect(together.map(({ said }) => said)).toEqual([plain.said, plain.said]);
  });

  it("is soon left alone where it is a bad one, and the answer is the same", async () => {
    const plain = await write(engine, false);
    const { draft, reused } = await load(engine, { draft: { modelPath: untrained, gpuLayers: 0 } });
    expect({ kind: draft?.kind, reused }).toEqual({ kind: "loaded", reused: "everything" });
    const fast = await write(engine, true);
    expect(fast.said).toEqual(plain.said);
    expect(fast.draft?.right).toBeLessThan(plain.said.tokens / 8);
    expect(fast.draft?.tokens).toBeLessThan(plain.said.tokens / 2);
  });

  it("is left out with its name where it is gone, and the model answers", async () => {
    const { draft, config } = await load(engine, { draft: { modelPath: join(folder, "gone.gguf"), gpuLayers: 0 } });
    expect(draft).toEqual({
      kind: "left-out",
      reason: "Answers are written without the draft model gone.gguf: The model file is not there.",
    });
    expect(config.draft).toBeUndefined();
    expect((await write(engine, true)).said.tokens).toBe(64);
  });

  it("takes exactly what the dry run says", async () => {
    const draft = { modelPath: same, gpuLayers: 0 };
    const { buffers: dry } = await engine.askFor("dry-run", {
      type: "dry-run",
      config: draftConfigOf(draft, { ...cpuConfig, contextTokens: 2048, useMmap: false }),
    });
    const loaded = await load(engine, { contextTokens: 2048, useMmap: false, draft });
    const real = loaded.draft?.kind === "loaded" ? loaded.draft.buffers : null;
    expect(Math.abs((real?.ramWeightsBytes ?? 0) - dry.ramWeightsBytes)).toBeLessThanOrEqual(32);
    expect(Math.abs((real?.ramContextBytes ?? 0) - dry.ramContextBytes)).toBeLessThan(0.01 * MIB);
  });
});

describe("a draft model, on a software GPU", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = new ForkedEngine({ GGML_VK_VISIBLE_DEVICES: "0" });
    await engine.ready;
  });
  afterAll(() => engine.end());

  it("takes exactly what the dry run says", async context => {
    const { info } = await engine.ready;
    context.skip(!info.gpuUsable, `no Vulkan device here: ${info.gpuProblem}`);
    const draft = { modelPath: same, gpuLayers: 31 };
    const { buffers: dry } = await engine.askFor("dry-run", {
      type: "dry-run",
      config: draftConfigOf(draft, { ...cpuConfig, contextTokens: 4096, useMmap: false }),
    });
    const loaded = await load(engine, { gpuLayers: 16, contextTokens: 4096, useMmap: false, draft });
    const real = loaded.draft?.kind === "loaded" ? loaded.draft.buffers : null;
    expect(real?.gpuWeightsBytes).toBe(dry.gpuWeightsBytes);
    expect(real?.gpuContextBytes).toBe(dry.gpuContextBytes);
    expect(dry.gpuWeightsBytes).toBeGreaterThan(50 * MIB);
  });
});
