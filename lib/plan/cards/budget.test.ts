import { describe, expect, it } from "vitest";
import { MIB } from "@/lib/units/bytes";
import { p4000 } from "../testing/surface-fixtures";
import { budgetBytes, toBeFreedBytes } from "./budget";

const card = (mib: { others: number; held: number; free: number; overhead?: number }) => ({
  ...p4000,
  usedByOthersBytes: mib.others * MIB,
  heldByEngineBytes: mib.held * MIB,
  freeBytes: mib.free * MIB,
  overhead: { ...p4000.overhead, bytes: (mib.overhead ?? 0) * MIB },
});

describe("the budget on an 8,192 MiB card", () => {
  it("is the target's share of the whole card, less what others use and the overhead", () => {
    // 0.5 * 8192 - 1000 - 300
    expect(budgetBytes(card({ others: 1000, held: 0, free: 7192, overhead: 300 }), 0.5)).toBe(2796 * MIB);
  });

  it("gives back what our own engine holds", () => {
    expect(budgetBytes(card({ others: 1000, held: 5000, free: 2192 }), 1)).toBe(7192 * MIB);
  });

  it("never counts on more than is free or held, even where the driver keeps some", () => {
    // others 1,000 and free 6,000: the remaining 1,192 MiB belong to no program and cannot be used
    expect(budgetBytes(card({ others: 1000, held: 0, free: 6000 }), 1)).toBe(6000 * MIB);
  });

  it("is never below zero, and says what others would have to give back", () => {
    const busy = card({ others: 7000, held: 0, free: 1192, overhead: 300 });
    expect(budgetBytes(busy, 0.5)).toBe(0);
    // 7000 + 300 - 4096
    expect(toBeFreedBytes(busy, 0.5)).toBe(3204 * MIB);
    expect(toBeFreedBytes(busy, 1)).toBe(0);
  });
});
