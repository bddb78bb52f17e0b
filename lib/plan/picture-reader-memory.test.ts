import { describe, expect, it } from "vitest";
import { mostPictureTokens, pictureReaderMemory } from "./picture-reader-memory";

/** Gemma 3: 64 by 64 patches of 14 pixels, always. */
const gemma = {
  weightsBytes: 850_000_000,
  outputLength: 2560,
  imageSize: 896,
  patchSize: 14,
  mergedPatches: 4,
  embeddingLength: 1152,
  feedForwardLength: 4304,
};

describe("the memory of a picture reader", () => {
  it("is its weights, and the rows of one layer for all patches", () => {
    // 4,096 patches. Feed-forward: 2 * 1152 + 2 * 4304 = 10,912 numbers a patch, more than attention's 6 * 1152.
    // Pixels: 2 * 3 * 196 = 1,176 a patch. (10,912 + 1,176) * 4,096 * 4 bytes.
    expect(pictureReaderMemory(gemma, 256)).toEqual({ weightsBytes: 850_000_000, computeBytes: 198_049_792 });
  });

  it("grows with the tokens of a picture where those decide its patches", () => {
    // 1,024 tokens of 4 by 4 patches are 16,384 patches, four times 4,096.
    expect(pictureReaderMemory(gemma, 1024).computeBytes).toBe(4 * 198_049_792);
  });

  it.each([
    [512, 256],
    [4096, 1024],
    [8192, 2048],
    [131_072, 4096],
  ])("a context of %i tokens gives a picture at most %i", (contextTokens, tokens) => {
    expect(mostPictureTokens(contextTokens)).toBe(tokens);
  });
});
