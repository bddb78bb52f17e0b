import { describe, expect, it } from "vitest";
import type { BesideModel } from "@/lib/schema/plans/gpu-memory";
import { MIB } from "@/lib/units/bytes";
import { planLayers } from "../placement/plan-layers";
import { mistralSurface, p4000, planSettings } from "../testing/surface-fixtures";
import { planDetail } from "../words/plan-sentence";
import { budgetBytes } from "./budget";
import { withBeside, withoutBeside } from "./with-beside";

const reader: BesideModel = { kind: "pictures", name: "mmproj-f16.gguf", bytes: 600 * MIB };

describe("what is loaded beside the model", () => {
  it("leaves so much less for the model, and is a part of what the plan takes", () => {
    const settings = planSettings();
    const beside = withBeside(p4000, [reader]);
    expect(budgetBytes(p4000, 0.8) - budgetBytes(beside, 0.8)).toBe(600 * MIB);
    const [without, plan] = [p4000, beside].map(gpu => planLayers(mistralSurface, gpu, settings));
    expect((plan?.predicted.overheadBytes ?? 0) - (without?.predicted.overheadBytes ?? 0)).toBe(600 * MIB);
    if (plan === undefined) throw new Error("There is a plan.");
    expect(planDetail(beside, plan)).toContain("(with 600 MiB for the picture reader mmproj-f16.gguf)");
  });

  it("is on the first of several cards", () => {
    const card = { name: "a", totalBytes: 100, freeBytes: 100, heldByEngineBytes: 0, overheadBytes: 5 };
    const gpu = {
      ...p4000,
      cards: [
        { ...card, position: 1 },
        { ...card, position: 0 },
      ],
    };
    expect(withBeside(gpu, [reader]).cards?.map(({ overheadBytes }) => overheadBytes)).toEqual([5, 5 + 600 * MIB]);
  });

  it("is on the card that it names, and can be taken off again", () => {
    const card = { name: "a", totalBytes: 100, freeBytes: 100, heldByEngineBytes: 0, overheadBytes: 5 };
    const gpu = { ...p4000, cards: [0, 1, 2].map(position => ({ ...card, position })) };
    const draft: BesideModel = { kind: "draft", name: "small.gguf", bytes: 88 * MIB, card: 2 };
    const beside = withBeside(gpu, [reader, draft]);
    expect(beside.cards?.map(({ overheadBytes }) => overheadBytes)).toEqual([5 + 600 * MIB, 5, 5 + 88 * MIB]);
    expect(withoutBeside(beside)).toEqual(gpu);
  });

  it("changes nothing where there is nothing", () => {
    expect(withBeside(p4000, [])).toBe(p4000);
  });
});
