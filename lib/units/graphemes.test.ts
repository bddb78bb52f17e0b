import { expect, it } from "vitest";
import { beginningOf } from "./graphemes";

it.each([
  ["abc", 5, "abc"],
  ["abcdef", 3, "abc"],
  ["ab😀", 3, "ab"],
  ["ab😀", 4, "ab😀"],
  ["a👩‍👩‍👧‍👦b", 11, "a"],
  ["a👩‍👩‍👧‍👦b", 12, "a👩‍👩‍👧‍👦"],
  ["🇩🇪🇫🇷", 5, "🇩🇪"],
  ["e\u0301e\u0301", 3, "e\u0301"],
  ["", 3, ""],
])("%j cut to %i units is %j", (text, units, beginning) => {
  expect(beginningOf(text, units)).toBe(beginning);
});
