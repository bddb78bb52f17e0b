import type { BatchItem } from "node-llama-cpp";
import { describe, expect, it } from "vitest";
import { shareBatch } from "./whole-batches";

const itemOf = (tokens: number): BatchItem => ({
  tokens: Array.from({ length: tokens }, () => 0) as unknown as BatchItem["tokens"],
  logits: [],
  evaluationPriority: 5,
});
const sharesOf = (lengths: readonly number[], batchTokens: number) => {
  const items = lengths.map(itemOf);
  const shared = shareBatch(items, batchTokens);
  return items.map(item => shared.find(one => one.item === item)?.processAmount);
};

describe("a batch", () => {
  it("holds everything that fits", () => {
    expect(sharesOf([1, 30, 1], 32)).toEqual([1, 30, 1]);
  });

  it("holds the token of every answer beside long prompts, which share the rest equally", () => {
    expect(sharesOf([900, 1, 800, 1], 512)).toEqual([255, 1, 255, 1]);
  });

  it("keeps the order of the answers", () => {
    const items = [30, 1, 20].map(itemOf);
    expect(shareBatch(items, 512).map(one => one.item)).toEqual(items);
    expect(shareBatch(items, 512)[0]?.item).toBe(items[0]);
  });

  it("gives what a short prompt leaves to the longer ones", () => {
    expect(sharesOf([400, 50, 400], 512)).toEqual([231, 50, 231]);
  });
});
