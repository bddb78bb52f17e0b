import { describe, expect, it } from "vitest";
import { defaultSettings } from "@/lib/schema/settings/settings";
import { inversePatch, pendingPatch } from "./settings-store";

describe("what waits to be applied", () => {
  it("is only what differs from the saved settings", () => {
    expect(pendingPatch(defaultSettings, { N_CTX: 4096, KV_CACHE_QUANT: "q8_0" })).toEqual({ KV_CACHE_QUANT: "q8_0" });
  });

  it("a list counts by its content", () => {
    const saved = { ...defaultSettings, STOP: ["###"] };
    expect(pendingPatch(saved, { STOP: ["###"] })).toEqual({});
    expect(pendingPatch(saved, { STOP: [] })).toEqual({ STOP: [] });
  });

  it("is taken back by the values it replaced, and no others", () => {
    expect(inversePatch(defaultSettings, { N_CTX: 8192, LAYERS: 3 })).toEqual({ N_CTX: 4096, LAYERS: "auto" });
  });
});
