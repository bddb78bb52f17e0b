import { expect, it } from "vitest";
import { GIB, MIB } from "@/lib/units/bytes";
import { steadyMemory } from "./steady-memory";

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
