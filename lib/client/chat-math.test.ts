import { expect, test } from "vitest";
import { withDollarMath } from "./chat-math";

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
