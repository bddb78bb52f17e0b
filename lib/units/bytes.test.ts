import { expect, it } from "vitest";
import { formatPartOf, GIB, MIB } from "./bytes";

it.each([
  [305 * MIB, 24_105 * MIB, "305 of 24,105 MiB"],
  [4.43 * GIB, 23.54 * GIB, "4.43 of 23.54 GiB"],
  [0, GIB, "0 of 1,024 MiB"],
])("a part and its whole have one unit: %i of %i", (part, total, text) => {
  expect(formatPartOf(part, total)).toBe(text);
});
