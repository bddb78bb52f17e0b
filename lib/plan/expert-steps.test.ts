import { expect, it } from "vitest";
import type { LayerMemory } from "@/lib/schema/memory-surface";
import { expertBytesInRam, expertSteps } from "./expert-steps";

const block = (index: number, matrices: Record<string, number>): LayerMemory => {
  const expertBytes = Object.values(matrices).reduce((sum, bytes) => sum + bytes, 0);
  return {
    index,
    role: "block",
    kind: "attention",
    experts: expertBytes > 0 ? 8 : 0,
    weightsBytes: 100,
    activeBytes: 50,
    expertBytes,
    ...(expertBytes > 0 && { expertMatrixBytes: matrices }),
    attentionHeads: 1,
    attentionWidth: 32,
    kv: { growth: "full", windowTokens: 0, kElementsPerCell: 1, vElementsPerCell: 1, fixedBytes: 0 },
  };
};

// A dense first block, one whose down matrix has more bits than the others, and one with gate and up in one matrix.
const layers = [block(0, {}), block(1, { gate: 20, up: 20, down: 30 }), block(2, { gate_up: 40, down: 30 })];

it("takes experts to RAM matrix by matrix, whole blocks from the first on, always with more bytes", () => {
  expect(expertSteps({ layers }).map(step => [step.expertBlocksInRam, step.borderExpertsOnGpu, step.bytes])).toEqual([
    [0, undefined, 0],
    [2, "down+up", 20],
    [2, "gate+up", 30],
    [2, "down", 40],
    [2, "up", 50],
    [2, undefined, 70],
    [3, "gate_up", 100],
    [3, "down", 110],
    [3, undefined, 140],
  ]);
});

it("counts the same bytes for each step", () => {
  for (const { bytes, ...experts } of expertSteps({ layers }))
    expect(layers.reduce((sum, layer) => sum + expertBytesInRam(layer, experts), 0)).toBe(bytes);
});
