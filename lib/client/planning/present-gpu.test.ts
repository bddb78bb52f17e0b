import { expect, it } from "vitest";
import { customCard, whatIfGpu } from "@/lib/plan/cards/what-if-cards";
import { MIB } from "@/lib/units/bytes";
import { steadyGpu } from "./present-gpu";

const cardWith = (usedMib: number) => whatIfGpu(customCard(8192), usedMib * MIB);

it("keeps the reading while others breathe by less than 16 MiB", () => {
  const previous = cardWith(857);
  expect(steadyGpu(previous, cardWith(872))).toBe(previous);
});

it("takes the new reading once others moved by 16 MiB, or the card is another or gone", () => {
  const previous = cardWith(857);
  const grown = cardWith(873);
  expect(steadyGpu(previous, grown)).toBe(grown);
  expect(steadyGpu(previous, { ...previous, name: "another" })).not.toBe(previous);
  expect(steadyGpu(previous, null)).toBeNull();
});
