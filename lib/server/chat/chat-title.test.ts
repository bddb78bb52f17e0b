import { expect, test } from "vitest";
import { chatTitle } from "./chat-title";

test.each([
  ["How do tides work? I live by the sea.", "By the moon.", "How do tides work?"],
  ["Write a haiku about rain.", "", "Write a haiku about rain"],
  ["hi", "Hello! How can I help you today?", "Hello"],
  ["hi", "", "hi"],
  ["# Fix **this**\n```js\nlet a;\n```", "", "Fix this"],
  ["See [the page](https://example.com/x) about foxes", "", "See the page about foxes"],
  ["", "", null],
  ["   \n ", "Some answer that says a lot", "Some answer that says a lot"],
  ["What does `a < b` mean in #include <stdio.h>?", "", "What does a < b mean in #include <stdio.h>?"],
  ["#include <vector> does not compile", "", "#include <vector> does not compile"],
  ["Why is *p = NULL in snake_case_name?", "", "Why is *p = NULL in snake_case_name?"],
  ["Is 5 > 3 and a|b fine", "", "Is 5 > 3 and a|b fine"],
  ["```py\nprint(1)\nprint(2)\n```", "", "print(1)"],
  ["- one\n- two", "", "one"],
  ["日本語のタイトルはどうですか？はい。", "", "日本語のタイトルはどうですか？はい"],
])("%j and %j are named %j", (question, answer, title) => {
  expect(chatTitle(question, answer)).toBe(title);
});

test("a long question is cut between words", () => {
  const title = chatTitle("Please explain in great detail how the key value cache grows with the context", "");
  expect(title).toBe("Please explain in great detail how the key value cache…");
});

test("a title is never cut through what people see as one character", () => {
  for (const emoji of ["😀", "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301"])
    for (let before = 40; before < 60; before++) {
      const title = chatTitle(`${"x".repeat(before)}${emoji.repeat(8)}`, "") ?? "";
      expect(title).not.toMatch(/\p{Surrogate}/u);
      const rest = title.replace(/^x+/, "").replace(/…$/, "");
      expect(rest.replaceAll(emoji, "")).toBe("");
    }
});
