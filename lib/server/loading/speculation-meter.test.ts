import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "@/lib/server/testing/engine-fixtures";
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
