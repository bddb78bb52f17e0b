import { expect, it } from "vitest";
import { formatPartOf, GIB, MIB } from "./bytes";

it.each([
  [305 * MIB, 24_105 * MIB, "305 MiB of 23.54 GiB"],
  [305 * MIB, 917 * MIB, "305 of 917 MiB"],
  [4.43 * GIB, 23.54 * GIB, "4.43 of 23.54 GiB"],
  [0, GIB, "0 B of 1.00 GiB"],
])("a part and its whole say their unit once if it is the same: %i of %i", (part, total, text) => {
  expect(formatPartOf(part, total)).toBe(text);
});
