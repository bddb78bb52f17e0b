import { describe, expect, it } from "vitest";
import { GIB } from "@/lib/units/bytes";
import { gibSteps, logScale, spreadLabels } from "./chart-scale";

describe("logScale", () => {
  it("gives each doubling the same room", () => {
    const x = logScale(1024, 8192, 40, 340);
    // 1k to 8k is three doublings over 300 px: 100 px each
    expect(x(1024)).toBeCloseTo(40);
    expect(x(2048)).toBeCloseTo(140);
    expect(x(8192)).toBeCloseTo(340);
  });
});

describe("gibSteps", () => {
  it("takes round numbers, and few of them", () => {
    expect(gibSteps(8.3 * GIB)).toEqual([0, 2, 4, 6, 8]);
    expect(gibSteps(0.4 * GIB)).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
    expect(gibSteps(700 * GIB).length).toBeLessThanOrEqual(6);
  });
});

describe("spreadLabels", () => {
  it("moves labels that would overlap apart and leaves the rest", () => {
    expect(spreadLabels([100, 20, 22], 14, 200)).toEqual([100, 20, 34]);
  });
  it("pushes back up what would pass the limit", () => {
    expect(spreadLabels([95, 98, 99], 14, 100)).toEqual([72, 86, 100]);
  });
});
