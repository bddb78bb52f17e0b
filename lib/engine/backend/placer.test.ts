import { describe, expect, it } from "vitest";
import type { AddonPlacement, OpenedAddon } from "./placement-addon";
import { addonPlacement, Placer, placementKey } from "./placer";

const cards = ["CUDA0", "CUDA1", "CUDA2"].map(device => ({
  device,
  name: device,
  address: null,
  isIntegrated: false,
  totalBytes: 0,
  freeBytes: 0,
}));

describe("addonPlacement", () => {
  it.each([
    ["blk.0.ffn_up_exps.weight", true],
    ["blk.11.ffn_gate_up_exps.weight", true],
    ["blk.11.ffn_down_exps.bias", true],
    ["blk.2.ffn_gate_chexps.weight", true],
    ["blk.12.ffn_up_exps.weight", false],
    ["blk.1.ffn_up_shexp.weight", false],
    ["blk.1.ffn_up.weight", false],
    ["blk.1.ffn_gate_inp.weight", false],
    ["blk.1.attn_q.weight", false],
  ])("keeps the experts of the first 12 blocks in RAM: %s %s", (tensor, isInRam) => {
    const { ramTensors = "" } = addonPlacement({ expertBlocksInRam: 12 }, cards);
    expect(new RegExp(ramTensors).test(tensor)).toBe(isInRam);
  });

  it.each([
    ["blk.0.ffn_up_exps.weight", true],
    ["blk.10.ffn_down_exps.weight", true],
    ["blk.20.ffn_down_exps.weight", true],
    ["blk.20.ffn_gate_up_exps.weight", true],
    ["blk.20.ffn_gate_exps.bias", false],
    ["blk.20.ffn_up_exps.weight", false],
    ["blk.20.ffn_down_shexp.weight", false],
    ["blk.11.ffn_down_exps.weight", false],
  ])("keeps two matrices of the last block on the GPU, as one of 12: %s %s", (tensor, isInRam) => {
    const { ramTensors = "" } = addonPlacement({ expertBlocksInRam: 12, borderExpertsOnGpu: "gate+up of 20" }, cards);
    expect(new RegExp(ramTensors).test(tensor)).toBe(isInRam);
  });

  it.each([
    ["blk.10.ffn_down_shexp.weight", false],
    ["blk.20.ffn_down_exps.weight", true],
    ["blk.20.ffn_gate_exps.bias", true],
    ["blk.20.ffn_gate_inp.weight", true],
    ["blk.20.ffn_gate_inp_shexp.weight", true],
    ["blk.20.ffn_gate_up_exps.weight", true],
    ["blk.20.ffn_down_shexp.weight", true],
    ["blk.20.ffn_up_exps.weight", false],
    ["blk.20.ffn_up_shexp.weight", false],
    ["blk.20.ffn_norm.weight", false],
    ["blk.20.exp_probs_b.bias", false],
    ["blk.11.ffn_gate_inp.weight", false],
  ])("keeps one matrix only of the last block on the GPU: %s %s", (tensor, isInRam) => {
    const { ramTensors = "" } = addonPlacement({ expertBlocksInRam: 12, borderExpertsOnGpu: "up only of 20" }, cards);
    expect(new RegExp(ramTensors).test(tensor)).toBe(isInRam);
  });

  it("keeps a part of one block on the GPU, where only its experts are in RAM", () => {
    const { ramTensors } = addonPlacement(
      { expertBlocksInRam: 1, borderExpertsOnGpu: "down+gate+gate_up of 20" },
      cards,
    );
    expect(ramTensors).toBe("^blk\\.20\\.ffn_(up)_(?:ch)?exps\\.");
  });

  it("takes a divided block for nothing where no experts are in RAM", () => {
    expect(addonPlacement({ borderExpertsOnGpu: "up of 20" }, cards)).toEqual({});
  });

  it("leaves a card without a share out", () => {
    expect(addonPlacement({ tensorSplit: [20, 0, 13] }, cards)).toEqual({
      devices: ["CUDA0", "CUDA2"],
      tensorSplit: [20, 13],
      ramTensors: "^$",
    });
    expect(addonPlacement({ tensorSplit: [0, 1] }, cards)).toEqual({ devices: ["CUDA1"], tensorSplit: [1] });
  });

  it("refuses a split for more cards than there are, and one without shares", () => {
    expect(() => addonPlacement({ tensorSplit: [1, 1, 1, 1] }, cards)).toThrow("for 4 cards and the engine has 3");
    expect(() => addonPlacement({ tensorSplit: [0, 0] }, cards)).toThrow("no card a share");
  });
});

describe("placementKey", () => {
  it("is empty for what needs no addon and differs between placements", () => {
    expect(placementKey({})).toBe("");
    const keys = [
      { expertBlocksInRam: 1 },
      { expertBlocksInRam: 1, borderExpertsOnGpu: "up of 20" },
      { expertBlocksInRam: 1, borderExpertsOnGpu: "up only of 20" },
      { tensorSplit: [1] },
      { kvInRam: true as const },
      { tensorSplit: [1, 1] },
    ];
    expect(new Set(keys.map(placementKey)).size).toBe(6);
  });
});

/** An addon that notes what it is told. */
function scripted(problem: string | null = null) {
  const told: (AddonPlacement | null)[] = [];
  const opened: OpenedAddon = {
    kind: "ready",
    addon: {
      llamaRelease: "v0",
      sourceHash: "",
      setPlacement: options => told.push(options),
      lastReport: () => ({
        kind: "context",
        problem,
        buffers: [
          { buffer: "CUDA0", device: "CUDA0", weightsBytes: 1, kvBytes: 2, computeBytes: 3 },
          { buffer: "CUDA_Host", device: null, weightsBytes: 10, kvBytes: 0, computeBytes: 20 },
          { buffer: "CPU", device: null, weightsBytes: 100, kvBytes: 200, computeBytes: 0 },
        ],
      }),
      devices: () => cards,
    },
  };
  return { opened, told };
}

describe("Placer", () => {
  it("tells the addon a placement for one piece of work at a time, and takes it back", async () => {
    const { opened, told } = scripted();
    const placer = new Placer(opened);
    let running = 0;
    const work = async () => {
      running += 1;
      await new Promise(resolve => setImmediate(resolve));
      expect(running).toBe(1);
      running -= 1;
      return told.at(-1);
    };
    const results = await Promise.all([placer.place({ kvInRam: true }, work), placer.place({}, work)]);
    expect(results.map(({ result }) => result)).toEqual([{ kvInRam: true }, null]);
    expect(told.at(-1)).toBeNull();
  });

  it("adds up the buffers of system memory", async () => {
    const { devices } = await new Placer(scripted().opened).place({}, async () => null);
    expect(devices).toEqual([
      { device: "CUDA0", weightsBytes: 1, kvBytes: 2, computeBytes: 3 },
      { device: null, weightsBytes: 110, kvBytes: 200, computeBytes: 20 },
    ]);
  });

  it("goes on after work that fails, and says the addon's reason", async () => {
    const placer = new Placer(scripted("llama.cpp knows no device named CUDA7").opened);
    const failing = placer.place({ kvInRam: true }, () => Promise.reject(new Error("Failed to load model")));
    await expect(failing).rejects.toMatchObject({
      code: "PLACEMENT_UNAVAILABLE",
      message: "llama.cpp knows no device named CUDA7",
    });
    await expect(placer.place({}, async () => "done")).resolves.toMatchObject({ result: "done" });
  });

  it("without an addon does plain work and refuses placements with the reason", async () => {
    const placer = new Placer({ kind: "missing", reason: "There is no placement addon for win32-x64." });
    await expect(placer.place({}, async () => "done")).resolves.toEqual({ result: "done", devices: null });
    await expect(placer.place({ expertBlocksInRam: 2 }, async () => "done")).rejects.toMatchObject({
      code: "PLACEMENT_UNAVAILABLE",
      message: "There is no placement addon for win32-x64.",
    });
    expect(placer.start(true)).toEqual({ kind: "missing", reason: "There is no placement addon for win32-x64." });
  });

  it("once turned off, refuses placements and tells it", async () => {
    const told: unknown[] = [];
    const placer = new Placer(scripted().opened, lever => told.push(lever));
    expect(placer.start(true)).toMatchObject({ kind: "ready", cards });
    placer.turnOff("Nothing moved.");
    expect(told).toEqual([{ kind: "missing", reason: "Nothing moved." }]);
    await expect(placer.place({ kvInRam: true }, async () => "done")).rejects.toThrow("Nothing moved.");
  });
});
