import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learnSpeed, type SpeedSpread } from "./learn-speed";

const spread: SpeedSpread = { device: () => 0.3, levels: [0.1, 0.1], noise: 0.05 };
const parts = { "cpu/weights/K": 0.02 };

describe("what past loads say about a plan", () => {
  it("is nothing before the first", () => {
    const { factor, spread: uncertainty, knownShare } = learnSpeed(parts, [], spread);
    expect(factor).toBe(1);
    expect(knownShare).toBe(0);
    // 0.3, 0.1, 0.1 and 0.05 are independent: the root of 0.09 + 0.01 + 0.01 + 0.0025.
    expect(uncertainty).toBeCloseTo(0.3354, 4);
  });

  // Covariance 0.11 of 0.11 + 0.0025: 97.8 % of the logarithm is believed.
  it("is nearly all of one measurement of the same kind", () => {
    const { factor, spread: uncertainty } = learnSpeed(parts, [{ parts, ratio: 0.5 }], spread);
    expect(Math.log(factor)).toBeCloseTo(0.978 * Math.log(0.5), 2);
    expect(uncertainty).toBeLessThan(0.08);
  });

  // Only the device's 0.09 and "weights" 0.01 are shared: 0.1 of 0.1125 is believed.
  it("is less of a measurement of another kind, and nothing of another device's", () => {
    const other = learnSpeed(parts, [{ parts: { "cpu/weights/Q8": 0.04 }, ratio: 0.5 }], spread);
    expect(Math.log(other.factor)).toBeCloseTo((0.1 / 0.1125) * Math.log(0.5), 6);
    expect(learnSpeed(parts, [{ parts: { "gpu/weights/K": 0.04 }, ratio: 0.5 }], spread).factor).toBe(1);
  });

  it("counts a device by its share of the time", () => {
    const mixed = { "cpu/weights/K": 0.01, "gpu/weights/K": 0.01 };
    const { factor } = learnSpeed(mixed, [{ parts, ratio: 0.5 }], spread);
    expect(Math.log(factor)).toBeCloseTo(0.978 * 0.5 * Math.log(0.5), 2);
  });

  it("lies within the measurements, and never becomes less certain with one more", () => {
    const ratios = fc.array(fc.double({ min: 0.3, max: 3, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(ratios, all => {
        const evidence = all.map(ratio => ({ parts, ratio }));
        const { factor, spread: uncertainty } = learnSpeed(parts, evidence, spread);
        expect(factor).toBeGreaterThanOrEqual(Math.min(1, ...all) * 0.999);
        expect(factor).toBeLessThanOrEqual(Math.max(1, ...all) * 1.001);
        expect(uncertainty).toBeLessThanOrEqual(learnSpeed(parts, evidence.slice(1), spread).spread + 1e-9);
      }),
    );
  });
});
