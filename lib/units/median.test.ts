import { expect, it } from "vitest";
import { median } from "./median";

it.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
  [[], null],
])("the median of %j is %s", (values, middle) => {
  expect(median(values)).toBe(middle);
});
