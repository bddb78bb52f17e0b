import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeRandomModel } from "@/lib/gguf/testing/random-weights";
import { llama, withTokenizer } from "@/lib/gguf/testing/shape-families";
import { ForkedEngine } from "../testing/forked-engine";

const WIDTH = 256;
const MEAN_POOLING = 1;

/** A small llama that pools: llama.cpp makes embeddings with it as with a model for that. */
function writeEmbeddingModel(path: string): void {
  const { metadata, tensors } = withTokenizer(
    llama({ blocks: 2, width: WIDTH, heads: 4, kvHeads: 4, feedForward: 512, vocabulary: 512, contextTokens: 512 }),
  );
  const gguf = { tensors, metadata: { ...metadata, "llama.pooling_type": MEAN_POOLING } };
  writeRandomModel(path, { id: "small-embed", family: "llama", gguf });
}

describe("embeddings of a real model", () => {
  const folder = mkdtempSync(join(tmpdir(), "headroom-embed-"));
  const modelPath = join(folder, "small-embed.gguf");
  let engine: ForkedEngine;

  beforeAll(async () => {
    writeEmbeddingModel(modelPath);
    engine = new ForkedEngine({ HEADROOM_ENGINE_GPU: "off" });
    await engine.ready;
  });
  afterAll(async () => {
    await engine.end();
    rmSync(folder, { recursive: true, force: true });
  });

  const embed = (inputs: (string | number[])[], contextTokens = 128) =>
    engine.askFor("embedded", { type: "embed", modelPath, contextTokens, inputs });
  const dot = (one: readonly number[] = [], other: readonly number[] = []) =>
    one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);

  it("have the model's width and unit length, and differ for different texts", async () => {
    const { vectors, memory } = await embed(["a cat", "a cat", "something else"]);
    expect(vectors.map(vector => vector.length)).toEqual([WIDTH, WIDTH, WIDTH]);
    for (const vector of vectors) expect(dot(vector, vector)).toBeCloseTo(1, 4);
    expect(vectors[0]).toEqual(vectors[1]);
    expect(vectors[0]).not.toEqual(vectors[2]);
    expect(memory.weightsBytes).toBeGreaterThan(0);
  });

  it("are counted with their cache and compute buffers", async () => {
    const { memory: short } = await embed(["a cat"], 256);
    const { memory: long } = await embed(["a cat"], 512);
    // K and V, 2 bytes each, in 2 layers of 256 numbers a token.
    expect(short.kvBytes).toBe(2 * 2 * 2 * 256 * 256);
    expect(long.kvBytes).toBe(2 * 2 * 2 * 256 * 512);
    expect(long.weightsBytes).toBe(short.weightsBytes);
    expect(long.computeBytes).toBeGreaterThan(short.computeBytes);
  });

  it("are counted with the logits that llama.cpp keeps for each token of the longest text so far", async () => {
    const { memory: short } = await embed([[1, 2]], 500);
    const { memory: long } = await embed([Array.from({ length: 402 }, () => 1)], 500);
    const { memory: shortAgain } = await embed([[1, 2]], 500);
    // 400 more tokens, each with 512 logits and 256 numbers of a vector, 4 bytes each.
    expect(long.computeBytes - short.computeBytes).toBe(400 * (512 + 256) * 4);
    expect(shortAgain).toEqual(long);
  });

  it("are the same for a text and for its tokens", async () => {
    // Each byte is a token here; 1 is the beginning that the model asks for.
    const { vectors, tokensPerInput } = await embed(["ab", [1, 4 + 0x61, 4 + 0x62]]);
    expect(dot(vectors[0], vectors[1])).toBeGreaterThan(0);
    expect(tokensPerInput[1]).toBe(3);
  });

  it("are refused for a text that is too long, with both counts", async () => {
    await expect(
      engine.ask({ type: "embed", modelPath, contextTokens: 16, inputs: ["x".repeat(40)] }),
    ).resolves.toMatchObject({ type: "error", code: "CONTEXT_EXCEEDED", contextTokens: 16 });
  });

  it("are refused for a file that is not there", async () => {
    await expect(
      engine.ask({ type: "embed", modelPath: join(folder, "none.gguf"), contextTokens: 16, inputs: ["x"] }),
    ).resolves.toMatchObject({ type: "error" });
  });
});
