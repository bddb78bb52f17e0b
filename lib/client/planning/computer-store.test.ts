import { expect, it } from "vitest";
import type { Receipt } from "@/lib/schema/plans/receipt";
import { GIB, MIB } from "@/lib/units/bytes";
import { cpuSpeedOf, steadyMemory } from "./computer-store";

const receipt = (modelName: string, gpuLayers: number, tokensPerSecond: number | null) =>
  ({ modelName, config: { gpuLayers }, tokensPerSecond }) as Receipt;

it("the speed of a model on the CPU is that of its newest answer there", () => {
  const receipts = [
    receipt("small.gguf", 0, null),
    receipt("small.gguf", 31, 400),
    receipt("other.gguf", 0, 5),
    receipt("small.gguf", 0, 71.2),
    receipt("small.gguf", 0, 60),
  ];
  expect(cpuSpeedOf(receipts, "small.gguf")).toBe(71.2);
  expect(cpuSpeedOf(receipts, "new.gguf")).toBeNull();
});

const reading = { totalBytes: 16 * GIB, availableBytes: 9 * GIB, heldByEngineBytes: GIB };

it("a breath is no other reading, a program that starts is", () => {
  const breath = { ...reading, availableBytes: 9 * GIB - 20 * MIB };
  expect(steadyMemory(reading, breath)).toBe(reading);
  const busier = { ...reading, availableBytes: 8 * GIB };
  expect(steadyMemory(reading, busier)).toBe(busier);
  const withDraft = { ...reading, beside: [{ kind: "draft" as const, name: "small.gguf", bytes: MIB }] };
  expect(steadyMemory(reading, withDraft)).toBe(withDraft);
  const unloaded = { ...reading, heldByEngineBytes: 0 };
  expect(steadyMemory(reading, unloaded)).toBe(unloaded);
  expect(steadyMemory(null, reading)).toBe(reading);
  expect(steadyMemory(reading, null)).toBeNull();
});
