import { describe, expect, it } from "vitest";
import { kindsOfRun, layerRuns } from "./layer-runs";

/** 33 numbers of layers of a model whose blocks are alike: one value, another with all but the output, a third with all. */
const alike = (gpuLayers: number): string => (gpuLayers === 33 ? "full" : gpuLayers === 32 ? "blocks" : "part");

function counted(valueAt: (gpuLayers: number) => string) {
  const looks: number[] = [];
  return {
    looks,
    look: async (gpuLayers: number) => {
      looks.push(gpuLayers);
      return valueAt(gpuLayers);
    },
  };
}

describe("layerRuns", () => {
  it("finds the corners of a model of like blocks in few looks", async () => {
    const { looks, look } = counted(alike);
    const runs = await layerRuns(1, 33, false, look);
    expect(runs.map(({ first, last }) => [first, last])).toEqual([
      [1, 31],
      [32, 32],
      [33, 33],
    ]);
    expect(looks.length).toBeLessThanOrEqual(9);
  });

  it("looks at no number twice", async () => {
    const { looks, look } = counted(alike);
    await layerRuns(1, 33, false, look);
    expect(new Set(looks).size).toBe(looks.length);
  });

  it("finds every change where it looks everywhere", async () => {
    const { look } = counted(gpuLayers => (gpuLayers % 6 === 0 ? "global" : "window"));
    const runs = await layerRuns(1, 13, true, look);
    expect(runs.map(({ first, last, value }) => [first, last, value])).toEqual([
      [1, 5, "window"],
      [6, 6, "global"],
      [7, 11, "window"],
      [12, 12, "global"],
      [13, 13, "window"],
    ]);
  });

  it("covers one number alone", async () => {
    expect(await layerRuns(1, 1, false, async () => "a")).toEqual([{ first: 1, last: 1, value: "a" }]);
  });
});

describe("kindsOfRun", () => {
  it("puts runs of equal value together, however often they alternate", async () => {
    const runs = await layerRuns(1, 6, true, async gpuLayers => String(gpuLayers % 2));
    expect(kindsOfRun(runs).map(kind => kind.map(({ first }) => first))).toEqual([
      [1, 3, 5],
      [2, 4, 6],
    ]);
  });
});
