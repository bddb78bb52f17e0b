import { expect, test } from "vitest";
import { withDollarMath } from "./chat-math";

test.each([
  ["Inline \\(x^2\\) here", "Inline $$x^2$$ here"],
  ["Block \\[ a = b \\] end", "Block \n$$\na = b\n$$\n end"],
  ["Code `\\(x\\)` stays", "Code `\\(x\\)` stays"],
  ["```\n\\[x\\]\n```", "```\n\\[x\\]\n```"],
  ["```\nstill open \\(x\\)", "```\nstill open \\(x\\)"],
])("%j is read as %j", (text, expected) => {
  expect(withDollarMath(text)).toBe(expected);
});

test.each([
  ["For $n > 0$, the $n$th", "For $$n > 0$$, the $$n$$th"],
  ["($x$) and **$y$**", "($$x$$) and **$$y$$**"],
  ["$\\text{a \\$5 bill}$", "$$\\text{a \\$5 bill}$$"],
  ["It is $5, for all $x$", "It is $5, for all $$x$$"],
])("single dollars around a formula: %j is read as %j", (text, expected) => {
  expect(withDollarMath(text)).toBe(expected);
});

test.each([
  "It costs $5 and $10",
  "It costs $5-$10",
  "5$/kg or 10$/kg",
  "US$5 or A$x",
  "a $ b $ c",
  "\\$x$ is escaped",
  "one $x\nand$ another line",
  "Code `$x$` stays",
  "Code ``a ` $x$`` stays",
  "```sh\necho $a$b\n```",
  "~~~\n$x$\n~~~",
  "````\n```\n$x$\n````",
  "```\nstill open $x$",
  "inline $$x$$ as it is",
  "$$\na\n\\text{if $b$}\n$$",
  "$$\nstill open $x$",
])("%j stays as it is", text => {
  expect(withDollarMath(text)).toBe(text);
});

test.each([
  ["So\n\n$$a = b$$\n\nand", "So\n\n$$\na = b\n$$\n\nand"],
  ["1. So\n   $$ a $$\n2. On", "1. So\n   $$\n   a\n   $$\n2. On"],
  ["> $$a$$", "> $$\n> a\n> $$"],
  ["- So\n  \\[\n  a\n  \\]", "- So\n  $$\n  a\n  $$"],
  ["so $$a$$ is within its line", "so $$a$$ is within its line"],
])("a display formula alone on its lines: %j is read as %j", (text, expected) => {
  expect(withDollarMath(text)).toBe(expected);
});
