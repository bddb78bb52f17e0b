import { toString as plainText } from "mdast-util-to-string";
import remarkMath from "remark-math";
import remarkParse from "remark-parse";
import { unified } from "unified";
import { describe, expect, it } from "vitest";
import { remarkTexMath } from "./remark-tex-math";

type Node = { type: string; value?: string; children?: Node[] };

function read(text: string, isStreaming = false) {
  const tree = unified()
    .use(remarkParse)
    .use(remarkMath, { singleDollarTextMath: false })
    .use(remarkTexMath, { isStreaming })
    .parse(text);
  const math: string[] = [];
  const walk = (node: Node): void => {
    if (node.type === "inlineMath") math.push(node.value ?? "");
    if (node.type === "math") math.push(`block ${node.value}`);
    for (const child of node.children ?? []) walk(child);
  };
  walk(tree as Node);
  return { math, text: plainText(tree) };
}

describe("what is math in a model's text", () => {
  it.each<[text: string, math: string[]]>([
    // One dollar on each side.
    ["For $n > 0$, the $n$th", ["n > 0", "n"]],
    ["($x$) and **$y$**", ["x", "y"]],
    ["$\\text{a \\$5 bill}$", ["\\text{a \\$5 bill}"]],
    ["It is $5, for all $x$", ["x"]],
    ["$x$", ["x"]],
    ["$x$.", ["x"]],
    ["a_1 and $b_1 * c_1 * d_1$", ["b_1 * c_1 * d_1"]],
    ["$E = mc^2$ and $F = ma$", ["E = mc^2", "F = ma"]],
    ["$ABC$ is a triangle", ["ABC"]],
    ["中文$x$中文", ["x"]],
    ["$x$-axis, $y$-axis", ["x", "y"]],
    ["$f(x)$, $g(x)$", ["f(x)", "g(x)"]],
    ["| $a$ |", ["a"]],
    ["> $a$", ["a"]],
    ["- $a$\n- $b$", ["a", "b"]],
    ["# $a$", ["a"]],
    // Prices, names and shells stay text.
    ["It costs $5 and $10", []],
    ["It costs $5-$10", []],
    ["from $5M/$6M a year", []],
    ["$20k–$x", []],
    ["5$/kg or 10$/kg", []],
    ["US$5 or A$x", []],
    ["a $ b $ c", []],
    ["\\$x$ is escaped", []],
    ["\\$x\\$", []],
    ["one $x\nand$ another line", []],
    ["$AAPL and $MSFT", []],
    ["$AAPL,$MSFT", []],
    ["$AAPL/$MSFT rose", []],
    ["buy $TSLA", []],
    ["$HOME/$USER", []],
    ["$PATH:$HOME", []],
    ["$\u007ba}-$\u007bb}", []],
    ["$a `b$` c", []],
    ["`$a` and $b", []],
    ["$5", []],
    ["$", []],
    ["é$x$ é", []],
    ["cost: $5.", []],
    ["$1,000 to $2,000", []],
    // Brackets of TeX.
    ["Inline \\(x^2\\) here", ["x^2"]],
    ["\\(a\nb\\)", ["a\nb"]],
    ["Block \\[ a = b \\] end", [" a = b "]],
    ["\\(open", []],
    ["\\[open", []],
    ["\\(a \\\\) b\\)", ["a \\\\) b"]],
    ["a \\\\( b", []],
    // Pairs of dollars, and display math on lines of its own.
    ["inline $$x$$ as it is", ["x"]],
    ["So\n\n$$a = b$$\n\nand", ["block a = b"]],
    ["$$\na\n\\text{if $b$}\n$$", ["block a\n\\text{if $b$}"]],
    ["1. So\n   $$ a $$\n2. On", ["block  a "]],
    ["> $$a$$", ["block a"]],
    ["- So\n  \\[\n  a\n  \\]", ["block a"]],
    ["\\[\na\n- b\n= c\n\\]", ["block a\n- b\n= c"]],
    ["\\[ a \\]\n", ["block  a "]],
    ["\\[\n\na\n\n\\]", ["block \na\n"]],
    ["$$a$$ and $$b$$", ["a", "b"]],
    ["\\[a\\] and \\[b\\]", ["a", "b"]],
    ["$$a$$  ", ["block a"]],
    // Between the lines of a paragraph.
    ["So\n\\[ a \\]\nmore", ["block  a "]],
    ["So\n\\[\na\n\\]\nmore", ["block a"]],
    ["So\n$$a$$\nmore", ["block a"]],
    // Code first.
    ["Code `$x$` stays", []],
    ["Code ``a ` $x$`` stays", []],
    ["Code `\\(x\\)` stays", []],
    ["```sh\necho $a$b\n```", []],
    ["~~~\n$x$\n~~~", []],
    ["````\n```\n$x$\n````", []],
    ["```\nstill open $x$", []],
    ["```\n\\[x\\]\n```", []],
    ["    echo $x$", []],
    ["a\n\n    echo $x$ $$y$$", []],
    ["```\na ``` b $x$\n```", []],
    // Links and addresses.
    ["[a](https://x.test/$b$)", []],
    ["<https://x.test/$b$c>", []],
    ['[a](https://x.test "$b$")', []],
    ["[$a$](https://x.test)", ["a"]],
  ])("%j holds %j", (text, math) => {
    expect(read(text).math).toEqual(math);
  });

  it.each(["echo $x$", "a $b$ c $$d$$", "\\[ x \\]", "`$`", "```\n$$\n```"])(
    "U10 code that holds %j is that, character for character",
    code => {
      const fence = "`".repeat(8);
      expect(read(`${fence}\n${code}\n${fence}`).text).toBe(code);
      expect(read(code.replace(/^/gm, "    ")).text).toBe(code);
    },
  );

  it("does not take what may go on for math while text arrives", () => {
    expect(read("It costs $5-$", true).math).toEqual([]);
    expect(read("It costs $5-$10", true).math).toEqual([]);
    expect(read("Let $x$", true).math).toEqual([]);
    expect(read("Let $x$ be", true).math).toEqual(["x"]);
    for (let length = 1; length <= "pay $5-$10, or $20/$30.".length; length++)
      expect(read("pay $5-$10, or $20/$30.".slice(0, length), true).math).toEqual([]);
  });
});
