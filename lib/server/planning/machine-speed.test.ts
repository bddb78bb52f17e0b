import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { readCpuFlags } from "@/lib/server/system/read-cpu-flags";
import { MachineSpeedMeter, vectorsOf } from "./machine-speed";

let folder: string;
let measured: number;
let bytesPerSecond: number;
let nowMs: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-speed-"));
  measured = 0;
  bytesPerSecond = 40e9;
  nowMs = 1e12;
});

const parts = { "cpu/weights": 0.02 };
/** Measured at a place in the context where 20 ms a token were planned. */
const receipt = (device: string, gpuLayers: number, tokensPerSecond: number | null) =>
  ({
    device,
    config: { gpuLayers, contextTokens: 4096 },
    speed: {
      parts: { empty: parts, full: parts, prompt: parts, longPrompt: parts },
      decode: tokensPerSecond === null ? null : { tokensPerSecond, contextTokens: 300 },
      prefill: null,
    },
  }) as unknown as Receipt;

const meter = (receipts: readonly Receipt[] = [], processor = "one") =>
  new MachineSpeedMeter({
    path: join(folder, "memory-speed.json"),
    processor,
    threads: 2,
    receipts: { list: () => receipts },
    measure: async () => {
      measured += 1;
      return bytesPerSecond;
    },
    nowMs: () => nowMs,
  });

test("memory is measured once when loads were measured against it, and again with another processor", async () => {
  const loads = [receipt("Card", 0, 6)];
  expect((await meter(loads).read(null)).ramBytesPerSecond).toBe(30e9);
  await meter(loads).read(null);
  expect(measured).toBe(1);
  await meter(loads, "other").read(null);
  expect(measured).toBe(2);
});

test("before the first load the best of all starts counts: one of them may be a busy moment", async () => {
  bytesPerSecond = 5e9;
  expect((await meter().read(null)).ramBytesPerSecond).toBe(3.75e9);
  bytesPerSecond = 40e9;
  nowMs += 60_000;
  expect((await meter().read(null)).ramBytesPerSecond).toBe(30e9);
  bytesPerSecond = 8e9;
  nowMs += 60_000;
  const third = meter();
  for (let times = 0; times < 3; times++) expect((await third.read(null)).ramBytesPerSecond).toBe(30e9);
  expect(measured).toBe(3);
});

test("starts within a minute share one measurement, whatever became of the clock", async () => {
  for (const atMs of [1e12, 1e12 + 59_999]) {
    nowMs = atMs;
    expect((await meter().read(null)).ramBytesPerSecond).toBe(30e9);
  }
  expect(measured).toBe(1);
  // The clock was set back by an hour.
  nowMs -= 3_600_000;
  await meter().read(null);
  expect(measured).toBe(2);
});

test("a damaged file is measured again", async () => {
  const path = join(folder, "memory-speed.json");
  writeFileSync(path, '{"processor":"one","ramBytesPerSecond":-1}');
  expect((await meter().read(null)).ramBytesPerSecond).toBe(30e9);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
    processor: "one",
    ramBytesPerSecond: 30e9,
    measuredAtMs: 1e12,
  });
});

test("past loads of this card and of the processor are evidence, newest first", async () => {
  const receipts = [
    receipt("Card", 33, 40),
    receipt("Other card", 33, 5),
    receipt("Card", 0, 60),
    receipt("Card", 33, null),
    { device: "Card", config: { gpuLayers: 33 } } as Receipt,
  ];
  const { decode, prefill, threads } = await meter(receipts).read("Card");
  // 40 tokens/s times 20 ms.
  expect(decode.map(({ ratio }) => ratio)).toEqual([0.8, 1.2]);
  expect(prefill).toEqual([]);
  expect(threads).toBe(2);
  expect((await meter(receipts).read(null)).decode.map(({ ratio }) => ratio)).toEqual([1.2]);
});

test("system memory is really measured, within what computers can do", async () => {
  const real = new MachineSpeedMeter({
    path: join(folder, "real.json"),
    processor: "one",
    threads: 2,
    receipts: { list: () => [] },
  });
  const { ramBytesPerSecond } = await real.read(null);
  expect(ramBytesPerSecond).toBeGreaterThan(1e9);
  expect(ramBytesPerSecond).toBeLessThan(1e12);
});

// The flags of an AMD EPYC 9004, of a Core i5-8400 and of a first-generation Xeon Phi, shortened.
test.each([
  ["flags\t\t: fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_vnni", "avx512"],
  ["flags\t\t: fpu sse4_2 avx avx2 bmi2", "avx2"],
  ["flags\t\t: fpu avx avx2 avx512f avx512pf avx512er avx512cd", "avx2"],
  ["flags\t\t: fpu sse4_2 avx", undefined],
  ["Features\t: fp asimd", undefined],
])("the kernel's %j means arithmetic in %s", (line, vectors) => {
  const path = join(folder, "cpuinfo");
  writeFileSync(path, `processor\t: 0\nmodel name\t: some\n${line}\nbugs\t\t: none\n`);
  expect(vectorsOf(readCpuFlags(path))).toBe(vectors);
});

test("where the kernel has no such list nothing is assumed", () => {
  expect(vectorsOf(readCpuFlags(join(folder, "none")))).toBeUndefined();
});
