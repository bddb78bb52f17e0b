import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { ThreadTuner } from "./thread-tuner";

const GIB = 1024 ** 3;
const speed = (threads: number, prefillTokensPerSecond: number, decodeTokensPerSecond: number) => ({
  threads,
  prefillTokensPerSecond,
  decodeTokensPerSecond,
});

describe("ThreadTuner", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "headroom-threads-"));
  });
  const tunerFor = (threads: number, processor = "Ryzen") => new ThreadTuner(folder, { processor, threads });

  it("takes all hardware threads until something was measured", () => {
    expect(tunerFor(16).choice(GIB)).toMatchObject({ threads: 16, source: "cores" });
  });

  it.each([1, 2])("measures nothing where there are %d hardware threads, and says so", threads => {
    expect(tunerFor(threads).candidates(GIB, threads)).toEqual([]);
    expect(tunerFor(threads).choice(GIB).reason).toContain("nothing is measured");
  });

  it.each([
    { threads: 16, mathCores: 8, candidates: [16, 8] },
    { threads: 20, mathCores: 8, candidates: [20, 10, 8] },
    { threads: 4, mathCores: 4, candidates: [4, 2] },
    { threads: 6, mathCores: 0, candidates: [6, 3] },
  ])("tries all, the cores good for computing and half: %o", ({ threads, mathCores, candidates }) => {
    expect(tunerFor(threads).candidates(GIB, mathCores)).toEqual(candidates);
  });

  it("takes the threads that finish 256 prompt and 128 reply tokens first", async () => {
    const tuner = tunerFor(16);
    // 256/200 + 128/10 = 14.08 s with 16 threads; 256/120 + 128/16 = 10.13 s with 8: slower to read, faster to answer.
    await tuner.remember(GIB, [speed(16, 200, 10), speed(8, 120, 16)], 0);
    expect(tuner.choice(GIB)).toMatchObject({ threads: 8, source: "measured" });
    expect(tuner.candidates(GIB, 8)).toEqual([]);
  });

  it("prefers more threads where fewer gain less than the noise", async () => {
    const tuner = tunerFor(16);
    // 14.08 s against 256/200 + 128/10.2 = 13.83 s: 1.8 % less.
    await tuner.remember(GIB, [speed(8, 200, 10.2), speed(16, 200, 10)], 0);
    expect(tuner.threadsFor(GIB)).toBe(16);
  });

  it("remembers over a restart, for models of this size on this processor only", async () => {
    await tunerFor(16).remember(GIB, [speed(16, 200, 10), speed(8, 120, 16)], 0);
    expect(tunerFor(16).threadsFor(1.5 * GIB)).toBe(8);
    expect(tunerFor(16).threadsFor(4 * GIB)).toBe(16);
    expect(tunerFor(16, "Xeon").threadsFor(GIB)).toBe(16);
    expect(tunerFor(8).threadsFor(GIB)).toBe(8);
  });
});
