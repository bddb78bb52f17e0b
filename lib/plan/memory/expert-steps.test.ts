import { expect, it } from "vitest";
import type { LayerMemory } from "@/lib/schema/plans/memory-surface";
import { expertBytesInRam, expertSteps, sharedBytesInRam } from "./expert-steps";

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

it("takes whole blocks from the first on, and the last matrix by matrix, always with more bytes", () => {
  expect(expertSteps({ layers }).map(step => [step.expertBlocksInRam, step.borderExpertsOnGpu, step.bytes])).toEqual([
    [0, undefined, 0],
    [2, "gate_up of 2", 30],
    [2, "down of 2", 40],
    [2, undefined, 70],
    [3, "gate_up of 2", 100],
    [3, "down of 2", 110],
    [3, undefined, 140],
  ]);
});

it("counts the same bytes for each step", () => {
  for (const { bytes, ...experts } of expertSteps({ layers }))
    expect(layers.reduce((sum, layer) => sum + expertBytesInRam(layer, experts), 0)).toBe(bytes);
});

// Of 90 bytes of experts a token reads 10. The router has 2 bytes, and each matrix of the shared experts 3.
const sharing: LayerMemory = {
  ...block(0, { gate: 30, up: 30, down: 30 }),
  weightsBytes: 111,
  activeBytes: 31,
  sharedMatrixBytes: { gate: 5, up: 3, down: 3 },
};

it("takes shared experts and the router along where that makes room for one more matrix", () => {
  expect(expertSteps({ layers: [sharing] }).map(step => [step.borderExpertsOnGpu, step.bytes])).toEqual([
    [undefined, 0],
    ["gate+up of 0", 30],
    // Down's shared expert goes with it. Gate's 5 bytes would be read for each token, and more than half of all experts are not.
    ["gate+up only of 0", 33],
    ["up of 0", 60],
    [undefined, 90],
  ]);
  const only = { expertBlocksInRam: 1, borderExpertsOnGpu: "gate+up only of 0" };
  expect(sharedBytesInRam(sharing, only)).toBe(3);
  expect(sharedBytesInRam({ ...sharing, index: 1 }, only)).toBe(0);
});

it("leaves shared experts on the card where a token reads more of them than of the experts", () => {
  const layers = [
    { ...sharing, weightsBytes: 133, activeBytes: 53, sharedMatrixBytes: { gate: 14, up: 14, down: 14 } },
  ];
  expect(expertSteps({ layers }).map(step => step.borderExpertsOnGpu)).toEqual([
    undefined,
    "gate+up of 0",
    "up of 0",
    undefined,
  ]);
});
