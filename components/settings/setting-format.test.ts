import { describe, expect, it } from "vitest";
import { formatSetting, parseSettingNumber } from "./setting-format";

describe("parseSettingNumber", () => {
  it.each([
    ["TARGET_VRAM_USAGE", "80", 0.8],
    ["TARGET_VRAM_USAGE", "80 %", 0.8],
    ["TARGET_VRAM_USAGE", "0.8", 0.8],
    ["TARGET_VRAM_USAGE", "101", null],
    ["N_CTX", "32k", 32_768],
    ["N_CTX", "32,768 tokens", 32_768],
    ["N_CTX", "1.5", null],
    ["N_CTX", "a lot", null],
    ["SEED", "-1", -1],
    ["TEMPERATURE", "0.35", 0.35],
  ] as const)("reads %s from %j as %s", (key, text, value) => {
    expect(parseSettingNumber(key, text)).toBe(value);
  });
});

describe("formatSetting", () => {
  it("always carries the unit", () => {
    expect(formatSetting("TARGET_VRAM_USAGE", 0.85)).toBe("85 %");
    expect(formatSetting("N_CTX", 32_768)).toBe("32,768 tokens");
    expect(formatSetting("PARALLEL", 1)).toBe("1 answer");
    expect(formatSetting("LAYERS", "auto")).toBe("Auto");
    expect(formatSetting("USE_MMAP", false)).toBe("off");
  });
});
