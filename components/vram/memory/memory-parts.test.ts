import { expect, it } from "vitest";
import { GIB } from "@/lib/units/bytes";
import { partsInWords } from "./memory-parts";

it("names what is too much before anything else", () => {
  const bytes = {
    others: GIB,
    embedding: 0,
    beside: 0,
    weights: 4 * GIB,
    kv: 4 * GIB,
    compute: 0.5 * GIB,
    overhead: 0,
  };
  expect(partsInWords(bytes, 10 * GIB)).toBe(
    "9.50 GiB of 10.00 GiB: others 1.00 GiB, weights 4.00 GiB, kv cache 4.00 GiB, compute 0.50 GiB",
  );
  expect(partsInWords(bytes, 8 * GIB)).toMatch(/^1\.50 GiB too much: 9\.50 GiB of 8\.00 GiB/);
});
