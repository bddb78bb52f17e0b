import { describe, expect, it } from "vitest";
import { sameSplit, splitLayers, splitOf } from "./split-layers";

describe("sharing layers over cards", () => {
  // What llama.cpp did with seven layers, the output among them (lib/engine/backend/placement.model.test.ts).
  it.each([
    [
      [3, 1],
      [6, 1],
    ],
    [
      [4, 3],
      [4, 3],
    ],
    [
      [1, 6],
      [1, 6],
    ],
    [
      [0, 1],
      [0, 7],
    ],
    [[1, 0], [7]],
  ])("shares %j give layers %j", (shares, layers) => {
    expect(splitOf(splitLayers(shares, 0, 7))).toEqual(layers);
  });

  it("begins with the first layer on a card", () => {
    expect(splitLayers([2, 3], 12, 5)).toEqual([
      { position: 0, firstLayer: 12, endLayer: 14 },
      { position: 1, firstLayer: 14, endLayer: 17 },
    ]);
  });

  it("gives each card as many layers as its share says, whatever the number of layers", () => {
    for (let first = 0; first <= 128; first++)
      expect(splitOf(splitLayers([first, 128 - first], 0, 128))).toEqual(first === 128 ? [128] : [first, 128 - first]);
  });

  it("is the same split with or without cards that have nothing", () => {
    expect(sameSplit([3, 4], [3, 4, 0])).toBe(true);
    expect(sameSplit([3, 4], [3, 4, 1])).toBe(false);
    expect(sameSplit([3, 4], undefined)).toBe(false);
  });
});
