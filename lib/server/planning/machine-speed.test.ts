import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Receipt } from "@/lib/schema/receipt";
import { MachineSpeedMeter } from "./machine-speed";

let folder: string;
let measured: number;
let bytesPerSecond: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headroom-speed-"));
  measured = 0;
  bytesPerSecond = 40e9;
});
afterEach(() => rmSync(folder, { recursive: true }));

const receipt = (device: string, gpuLayers: number, tokensPerSecond: number | null, predicted?: number) =>
  ({ device, config: { gpuLayers }, tokensPerSecond, predictedTokensPerSecond: predicted }) as Receipt;

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
  });

test("memory is measured once when loads were measured against it, and again with another processor", async () => {
  const loads = [receipt("Card", 0, 6, 8)];
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
  expect((await meter().read(null)).ramBytesPerSecond).toBe(30e9);
  bytesPerSecond = 8e9;
  const third = meter();
  for (let times = 0; times < 3; times++) expect((await third.read(null)).ramBytesPerSecond).toBe(30e9);
  expect(measured).toBe(3);
});

test("a damaged file is measured again", async () => {
  const path = join(folder, "memory-speed.json");
  writeFileSync(path, '{"processor":"one","ramBytesPerSecond":-1}');
  expect((await meter().read(null)).ramBytesPerSecond).toBe(30e9);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({ processor: "one", ramBytesPerSecond: 30e9 });
});

test("corrections are the median of measured by predicted, of this card and of the processor apart", async () => {
  const receipts = [
    receipt("Card", 33, 40, 50),
    receipt("Card", 33, 45, 50),
    receipt("Card", 20, 10, 50),
    receipt("Other card", 33, 5, 50),
    receipt("Card", 0, 6, 8),
    receipt("Card", 33, null, 50),
    receipt("Card", 33, 12),
  ];
  expect(await meter(receipts).read("Card")).toEqual({
    ramBytesPerSecond: 30e9,
    gpuCorrection: 0.8,
    cpuCorrection: 0.75,
  });
  expect((await meter(receipts).read(null)).gpuCorrection).toBeNull();
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
