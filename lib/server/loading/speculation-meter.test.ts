import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { SpeculationMeter } from "./speculation-meter";

const DAY = Date.UTC(2026, 1, 3);

describe("SpeculationMeter", () => {
  let folder = "";
  const meterOn = (machine = "a processor × 8") => new SpeculationMeter(folder, machine);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "headroom-speculation-"));
  });

  it("keeps speculation off until it has been measured", () => {
    const choice = meterOn().choice("auto", loadConfig({}));
    expect(choice.isUsed).toBe(false);
    expect(choice.reason).toMatch(/until it has been measured/);
  });

  it("uses it where it gained, and says how much", async () => {
    const meter = meterOn();
    await meter.remember(loadConfig({}), { repeated: 1.8, usual: 0.99 }, DAY);
    expect(meter.choice("auto", loadConfig({}))).toEqual({
      isUsed: true,
      reason:
        "On: with it, this model writes at 1.80 times the speed in a text that repeats itself and 0.99 in a usual one, measured here on 2026-02-03.",
    });
  });

  it.each([
    ["gains too little in a text made for it", { repeated: 1.05, usual: 1 }],
    ["makes a usual text slower", { repeated: 1.8, usual: 0.9 }],
  ])("does not use it where it %s", async (_, gain) => {
    const meter = meterOn();
    await meter.remember(loadConfig({}), gain, DAY);
    expect(meter.choice("auto", loadConfig({})).isUsed).toBe(false);
    expect(meter.choice("on", loadConfig({})).isUsed).toBe(true);
  });

  it("uses it where a usual text gained, and measures each draft model by itself", async () => {
    const meter = meterOn();
    const draft = { modelPath: "models/draft.gguf", gpuLayers: 0 };
    await meter.remember(loadConfig({ draft }), { repeated: 0.98, usual: 1.4 }, DAY);
    expect(meter.choice("auto", loadConfig({ draft })).isUsed).toBe(true);
    expect(meter.isMeasured(loadConfig({}))).toBe(false);
    expect(meter.isMeasured(loadConfig({ draft: { ...draft, modelPath: "models/other.gguf" } }))).toBe(false);
  });

  describe("of a draft model", () => {
    const draft = { modelPath: "models/draft.gguf", gpuLayers: 9 };
    const pair = { model: "models/model.gguf", draft: "models/draft.gguf", isOnCard: true, threads: 4 };
    const config = loadConfig({ modelPath: "models/model.gguf", threads: 4, draft });

    it("says that it is of no use where it gained too little, whatever room the model had", async () => {
      await meterOn().remember({ ...config, gpuLayers: 3 }, { repeated: 0.9, usual: 0.8 }, DAY);
      expect(meterOn().uselessBecause(pair)).toBe(
        "The draft model draft.gguf is not loaded, because it gains too little: with it, this model writes at 0.90 times the speed in a text that repeats itself and 0.80 in a usual one, measured here on 2026-02-03. " +
          '"On" loads it all the same.',
      );
    });

    it.each([
      ["another model", { model: "models/larger.gguf" }],
      ["another draft model", { draft: "models/other.gguf" }],
      ["another number of threads", { threads: 8 }],
      ["another place", { isOnCard: false }],
    ])("knows nothing of %s", async (_, change) => {
      const meter = meterOn();
      await meter.remember(config, { repeated: 0.9, usual: 0.8 }, DAY);
      expect(meter.uselessBecause({ ...pair, ...change })).toBeNull();
    });

    it("has nothing against one that gained, and believes the latest measurement", async () => {
      const meter = meterOn();
      await meter.remember(config, { repeated: 0.9, usual: 0.8 }, DAY);
      await meter.remember(config, { repeated: 1, usual: 1.3 }, DAY + 1);
      expect(meter.uselessBecause(pair)).toBeNull();
    });
  });

  it("is off where the engine failed while it was measured, and says so, also after a restart", async () => {
    await meterOn().remember(loadConfig({}), null, DAY);
    expect(meterOn().isMeasured(loadConfig({}))).toBe(true);
    expect(meterOn().choice("auto", loadConfig({}))).toEqual({
      isUsed: false,
      reason: "Off: the engine failed while the gain was measured here on 2026-02-03.",
    });
  });

  it("follows the settings whatever was measured", async () => {
    const meter = meterOn();
    await meter.remember(loadConfig({}), { repeated: 1.8, usual: 1 }, DAY);
    expect(meter.choice("off", loadConfig({})).isUsed).toBe(false);
  });

  it("measures each placement and each machine by itself, and remembers it after a restart", async () => {
    await meterOn().remember(loadConfig({ gpuLayers: 3 }), { repeated: 1.8, usual: 1 }, DAY);
    expect(meterOn().isMeasured(loadConfig({ gpuLayers: 3 }))).toBe(true);
    expect(meterOn().isMeasured(loadConfig({ gpuLayers: 4 }))).toBe(false);
    expect(meterOn("another × 4").isMeasured(loadConfig({ gpuLayers: 3 }))).toBe(false);
  });
});
