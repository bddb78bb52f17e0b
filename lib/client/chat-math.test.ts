import { expect, test } from "vitest";
import { hasMath, withDollarMath } from "./chat-math";

test.each([
  ["Inline \\(x^2\\) here", "Inline $$x^2$$ here"],
  ["Block \\[ a = b \\] end", "Block \n$$\na = b\n$$\n end"],
  ["It costs $5 or $10", "It costs $5 or $10"],
  ["Code `\\(x\\)` stays", "Code `\\(x\\)` stays"],
  ["```\n\\[x\\]\n```", "```\n\\[x\\]\n```"],
  ["```\nstill open \\(x\\)", "```\nstill open \\(x\\)"],
])("%j is read as %j", (text, expected) => {
  expect(withDollarMath(text)).toBe(expected);
});

test.each([
  ["$$x$$", true],
  ["\\(x\\)", true],
  ["$5 and $10", false],
  ["`$$x$$`", false],
  ["$$ not closed", false],
])("%j holds math: %s", (text, expected) => {
  expect(hasMath(text)).toBe(expected);
});
