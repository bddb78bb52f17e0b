import { expect, test } from "vitest";
import { groupLayers } from "./group-layers";

const block = (index: number, weightsBytes: number, device: "gpu" | "cpu" = "gpu") => ({
  index,
  role: "block" as const,
  kind: "attention" as const,
  experts: 0,
  device,
  weightsBytes,
  kvBytes: 8,
  expertBytesInRam: 0,
});

test("takes neighbours together that cost the same in the same place, and no others", () => {
  const groups = groupLayers([block(0, 5), block(1, 5), block(2, 7), block(3, 5, "cpu"), block(4, 5, "cpu")]);
  expect(groups.map(({ first, last, count }) => [first.index, last.index, count])).toEqual([
    [0, 1, 2],
    [2, 2, 1],
    [3, 4, 2],
  ]);
});
