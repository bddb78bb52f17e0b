import { expect, it } from "vitest";
import { enlargedContext } from "./enlarged-context";

it.each([
  // 5,000 * 1.25 = 6,250: the next power of two is 8,192.
  [5000, 32_768, 8192],
  // 6,600 * 1.25 = 8,250 would want 16,384; the model was trained for 8,192, which still holds it.
  [6600, 8192, 8192],
  [8192, 8192, 8192],
  // A header that says nothing: 58,000 * 1.25 = 72,500.
  [58_000, 0, 131_072],
  // Trained for a length that is no power of two.
  [30_000, 40_960, 40_960],
])("offers a conversation of %i tokens, with a model trained for %i, a context of %i", (needed, trained, offered) => {
  expect(enlargedContext(needed, trained)).toBe(offered);
});

it("offers none where the model was not trained for enough: 203 KiB of text against 8,192 tokens", () => {
  expect(enlargedContext(47_644, 8192)).toBeNull();
  expect(enlargedContext(8193, 8192)).toBeNull();
});

it("never offers more than any context may have", () => {
  // 16 Mi tokens is the settings' own limit.
  expect(enlargedContext(16_000_000, 0)).toBe(16_777_216);
  expect(enlargedContext(17_000_000, 0)).toBeNull();
});
