import { describe, expect, it } from "vitest";
import { formatDuration, formatEstimate } from "./durations";

describe("formatDuration", () => {
  it.each([
    [0, "0.0 s"],
    [420, "0.4 s"],
    [9_960, "10 s"],
    [59_700, "1 min"],
    [200_000, "3 min 20 s"],
  ])("%d ms is %s", (durationMs, text) => expect(formatDuration(durationMs)).toBe(text));
});

describe("formatEstimate", () => {
  it.each([
    [300, "about 1 s"],
    [7_400, "about 7 s"],
    [38_000, "about 40 s"],
    [200_000, "about 3 min"],
  ])("%d ms is %s", (durationMs, text) => expect(formatEstimate(durationMs)).toBe(text));
});
