import { describe, expect, it } from "vitest";
import { GIB } from "@/lib/units/bytes";
import { cardFigures, guessedFigures } from "./card-figures";

describe("a card's bandwidth", () => {
  it.each([
    ["NVIDIA GeForce RTX 4090", 1008],
    ["NVIDIA GeForce RTX 4090 Laptop GPU", 576],
    ["NVIDIA GeForce RTX 4070 Ti SUPER", 672],
    ["AMD Radeon RX 7900 XTX (RADV NAVI31)", 960],
    ["NVIDIA H100 PCIe", 2039],
  ])("of %s is known by its name", (name, gigabytes) => {
    expect(cardFigures(name)?.bytesPerSecond).toBe(gigabytes * 1e9 * 0.75);
  });

  it("of a card in no table is not known", () => {
    expect(cardFigures("llvmpipe (LLVM 15.0.6, 256 bits)")).toBeNull();
  });

  // Cards with this much memory, as their makers state them.
  it.each([
    ["RTX 3050", 4, 128, 224],
    ["RTX 4060, RTX 3070", 8, 272, 448],
    ["RTX 3060, RTX 4070", 12, 360, 504],
    ["RX 7800 XT, RTX 4080", 16, 624, 717],
    ["RTX 3090, RTX 4090", 24, 936, 1008],
  ])("is guessed within a factor of two for %s", (_, gib, least, most) => {
    const guess = guessedFigures(gib * GIB).bytesPerSecond / 0.75e9;
    expect(guess).toBeGreaterThan(least / 2);
    expect(guess).toBeLessThan(most * 2);
  });
});

describe("a card's arithmetic", () => {
  it("is used less by llama.cpp on AMD than on NVIDIA", () => {
    expect(cardFigures("NVIDIA GeForce RTX 4060")?.operationsPerSecond).toBe(24e12);
    expect(cardFigures("AMD Radeon RX 7900 XTX")?.operationsPerSecond).toBeCloseTo(43e12, -12);
  });
});
