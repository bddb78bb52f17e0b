import { describe, expect, it } from "vitest";
import { MIB } from "@/lib/units/bytes";
import { mostPictureTokens, pictureReaderMemory } from "./picture-reader-memory";

const reader = (embeddingLength: number, feedForwardLength: number, imageSize: number) => ({
  weightsBytes: 1000,
  outputLength: 576,
  imageSize,
  patchSize: 14,
  mergedPatches: null,
  embeddingLength,
  feedForwardLength,
});

describe("the memory of a picture reader", () => {
  // "reserve_compute_meta: CPU compute buffer size", from the log of llama.cpp's server (xllamacpp) with random weights of these widths.
  it.each([
    [256, 1024, 448, 6.31],
    [128, 1024, 448, 6.31],
    [384, 512, 448, 8.31],
    [256, 1024, 224, 1.58],
  ])("is what llama.cpp reports for widths %i and %i and pictures of %i pixels: %f MiB", (width, rows, size, mib) => {
    const { weightsBytes, computeBytes } = pictureReaderMemory(reader(width, rows, size), 4096);
    expect(weightsBytes).toBe(1000);
    expect(computeBytes / MIB).toBeGreaterThanOrEqual(mib);
    expect(computeBytes / MIB).toBeLessThan(1.12 * mib);
  });

  it("grows with the tokens of a picture where those decide its patches", () => {
    const sized = { ...reader(256, 1024, 448), mergedPatches: 2 };
    // 1,024 patches of its own size, or 1,024 tokens of 2 by 2 patches; one more for each.
    const [own, tokens] = [256, 1024].map(most => pictureReaderMemory(sized, most).computeBytes);
    expect((tokens ?? 0) / (own ?? 1)).toBeCloseTo(4097 / 1025, 5);
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
