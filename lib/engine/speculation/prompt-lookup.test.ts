import type { Token } from "node-llama-cpp";
import { expect, it } from "vitest";
import { PromptLookup } from "./prompt-lookup";

const tokens = (...ids: number[]): Token[] => ids as Token[];
const lookupOf = (...ids: number[]): PromptLookup => {
  const lookup = new PromptLookup();
  lookup.push(tokens(...ids));
  return lookup;
};

it("guesses what followed the last three tokens before", () => {
  expect(lookupOf(1, 2, 3, 4, 5, 6, 9, 1, 2, 3).guess(2)).toEqual([4, 5]);
});

it("guesses nothing after tokens that are new together", () => {
  expect(lookupOf(1, 2, 3, 4, 5, 9, 2, 3).guess(4)).toEqual([]);
  expect(lookupOf(1, 2).guess(4)).toEqual([]);
  expect(lookupOf().guess(4)).toEqual([]);
});

it("prefers what followed last", () => {
  expect(lookupOf(1, 2, 3, 7, 1, 2, 3, 8, 1, 2, 3).guess(1)).toEqual([8]);
});

it("guesses no more tokens than match", () => {
  expect(lookupOf(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3).guess(16)).toEqual([4, 5, 6]);
  expect(lookupOf(0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3).guess(16)).toEqual([4, 5, 6, 7]);
});

it("takes a repetition at the end to go on", () => {
  expect(lookupOf(5, 5, 5, 5).guess(8)).toEqual([5, 5, 5]);
  expect(lookupOf(1, 2, 1, 2, 1, 2).guess(8)).toEqual([1, 2, 1, 2]);
});
