import type { Token, Tokenizer } from "node-llama-cpp";
import { expect, test } from "vitest";
import { rememberingTokenizer } from "./remembering-tokenizer";

/** One token for each character. */
function countingTokenizer(): { tokenizer: Tokenizer; read: string[] } {
  const read: string[] = [];
  const tokenize = (text: string) => {
    read.push(text);
    return [...text].map(letter => letter.charCodeAt(0) as Token);
  };
  return { tokenizer: Object.assign(tokenize, { isEogToken: () => true }) as unknown as Tokenizer, read };
}

test("reads a text once for each way of reading it", () => {
  const { tokenizer, read } = countingTokenizer();
  const remembering = rememberingTokenizer(tokenizer);
  const first = remembering("ab");
  first.push(9 as Token);
  expect(remembering("ab")).toEqual([97, 98]);
  expect(remembering("ab", true)).toEqual([97, 98]);
  expect(read).toEqual(["ab", "ab"]);
  expect(remembering.isEogToken(1 as Token)).toBe(true);
});

test("forgets what was used least recently, and a text that is longer than all that it keeps", () => {
  const { tokenizer, read } = countingTokenizer();
  // A key is the text in ["…"], so two texts of a letter fit.
  const remembering = rememberingTokenizer(tokenizer, 10);
  for (const text of ["a", "b", "a", "c", "a", "b"]) remembering(text);
  expect(read).toEqual(["a", "b", "c", "b"]);
  expect(remembering("a text of some length")).toHaveLength(21);
  remembering("a text of some length");
  expect(read.slice(4)).toEqual(["a text of some length", "a text of some length"]);
});
