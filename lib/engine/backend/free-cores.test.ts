import { describe, expect, it } from "vitest";
import { FreeCores, type ProcessorTimes, threadsFor } from "./free-cores";

function over(before: ProcessorTimes, after: ProcessorTimes): number {
  const readings = [before, after];
  const freeCores = new FreeCores(() => readings.shift() ?? after);
  return freeCores.sample();
}

describe("FreeCores", () => {
  it("does not count what this process itself uses", () => {
    // One second, two cores: 1.9 s of work, all of it ours.
    expect(over({ atS: 0, busyS: 10, ownS: 5, cores: 2 }, { atS: 1, busyS: 11.9, ownS: 6.9, cores: 2 })).toBeCloseTo(2);
  });

  it("takes off what others use", () => {
    // Two seconds, four cores: 5 s of work, 2 of it ours; others had 1.5 cores.
    expect(over({ atS: 0, busyS: 0, ownS: 0, cores: 4 }, { atS: 2, busyS: 5, ownS: 2, cores: 4 })).toBeCloseTo(2.5);
  });

  it("is never negative, and never more than there are", () => {
    expect(over({ atS: 0, busyS: 0, ownS: 0, cores: 2 }, { atS: 1, busyS: 9, ownS: 0, cores: 2 })).toBe(0);
    expect(over({ atS: 0, busyS: 0, ownS: 0, cores: 2 }, { atS: 1, busyS: 0.5, ownS: 0.6, cores: 2 })).toBe(2);
  });

  it("reads this computer", () => {
    const freeCores = new FreeCores();
    expect(freeCores.latest).toBeGreaterThanOrEqual(1);
    expect(freeCores.sample()).toBeGreaterThanOrEqual(0);
  });
});

describe("threadsFor", () => {
  it.each([
    [2, 2, 2],
    [1.7, 2, 2],
    [1.3, 2, 1],
    [0, 8, 1],
    [6.6, 8, 7],
    [15, 4, 4],
  ])("gives %s free cores and %s configured threads %s", (freeCores, configuredThreads, threads) => {
    expect(threadsFor(freeCores, configuredThreads)).toBe(threads);
  });
});
