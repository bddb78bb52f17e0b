import { describe, expect, it } from "vitest";
import { logStops, nearestStop } from "./log-stops";

describe("logStops", () => {
  it("holds every power of two between the ends", () => {
    expect(logStops(256, 32_768, 256)).toEqual(
      expect.arrayContaining([256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768]),
    );
  });
  it("ends at the maximum even when that is no power of two", () => {
    expect(logStops(256, 131_000, 256).at(-1)).toBe(131_000);
  });
  it("ascends without repeating a value where the step is coarser than the ratio", () => {
    // 256 * 2^(1/8) = 279, which rounds back to 256
    const stops = logStops(256, 4096, 256);
    expect(stops.slice(0, 4)).toEqual([256, 512, 768, 1024]);
    expect(new Set(stops).size).toBe(stops.length);
  });
});

describe("nearestStop", () => {
  it("measures by ratio: 1448 lies half-way between 1024 and 2048", () => {
    expect(nearestStop([1024, 2048], 1400)).toBe(0);
    expect(nearestStop([1024, 2048], 1500)).toBe(1);
  });
});
