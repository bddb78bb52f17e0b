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
  ["日本語のタイトルはどうですか？はい。", "", "日本語のタイトルはどうですか？はい"],
])("%j and %j are named %j", (question, answer, title) => {
  expect(chatTitle(question, answer)).toBe(title);
});

test("a long question is cut between words", () => {
  const title = chatTitle("Please explain in great detail how the key value cache grows with the context", "");
  expect(title).toBe("Please explain in great detail how the key value cache…");
});
