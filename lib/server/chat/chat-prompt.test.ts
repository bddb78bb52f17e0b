import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blankMessage, type ChatMessage } from "@/lib/schema/chat";
import { fitMessages, neededContextTokens, promptTurns, replyReserveTokens, turnContent } from "./chat-prompt";

/** user, assistant, user, assistant, ... */
const alternating = (index: number) => index % 2 === 0;

const message = (role: "user" | "assistant", text: string): ChatMessage =>
  blankMessage({ id: text, parentId: null, role, text, status: "complete", createdAtMs: 0 });

describe("fitMessages", () => {
  const room = { contextTokens: 1000, reserveTokens: 200, summaryTokens: 0 };

  test.each([
    // 50 + 750 = 800 = 1000 - 200
    ["sends everything up to the last token", [250, 250, 250], { fits: true, dropMessages: 0 }],
    // 50 + 751 = 801. From index 2: 50 + 251 = 301 <= 800 * 0.6 = 480.
    ["drops whole exchanges until there is room for some turns", [250, 250, 251], { fits: false, dropMessages: 2 }],
    // From index 2: 50 + 600 = 650 > 480 but from index 4: 50 + 100 = 150.
    [
      "drops more than it must, so that the next turns fit as well",
      [300, 200, 300, 200, 100],
      { fits: false, dropMessages: 4 },
    ],
    // Only index 2 begins with the user and comes before the end: 50 + 700 = 750 > 480, but <= 800.
    ["drops as little as possible where nothing leaves much room", [300, 200, 700], { fits: false, dropMessages: 2 }],
    ["gives up when the last message alone is too long", [10, 10, 751], { fits: false, dropMessages: null }],
    ["gives up on a single message that is too long", [751], { fits: false, dropMessages: null }],
  ])("%s", (_title, tokens, expected) => {
    expect(fitMessages(50, tokens, alternating, room)).toEqual(expected);
  });

  test("keeps room for the summary that stands in", () => {
    // Without: 50 + 700 <= 800. With 100 for the summary: 750 > 700.
    expect(fitMessages(50, [300, 200, 700], alternating, { ...room, summaryTokens: 100 }).dropMessages).toBeNull();
  });

  test("never leaves more than fits, and always begins with the user", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 300 }),
        (tokens, systemTokens) => {
          const { fits, dropMessages } = fitMessages(systemTokens, tokens, alternating, room);
          if (dropMessages === null) return true;
          const sent = systemTokens + tokens.slice(dropMessages).reduce((sum, count) => sum + count, 0);
          return sent <= 800 && alternating(dropMessages) && fits === (dropMessages === 0);
        },
      ),
    );
  });
});

test("the reserve for a reply is what it may take, at most a quarter of the context", () => {
  expect(replyReserveTokens(4096, 0)).toBe(512);
  expect(replyReserveTokens(4096, 100)).toBe(100);
  expect(replyReserveTokens(256, 0)).toBe(64);
});

test.each([
  // 512 for a reply, once a third of what is used is more than that.
  [7000, 0, 7512],
  // 900 used: a context of 1,200 keeps a quarter, 300, for the reply.
  [900, 0, 1200],
  [900, 12, 912],
  [0, 0, 0],
])("%i tokens with a longest reply of %i need a context of %i", (used, maxTokens, needed) => {
  expect(neededContextTokens(used, maxTokens)).toBe(needed);
  expect(used + replyReserveTokens(needed, maxTokens)).toBeLessThanOrEqual(needed);
  if (needed > 0) expect(used + replyReserveTokens(needed - 2, maxTokens)).toBeGreaterThan(needed - 2);
});

describe("promptTurns", () => {
  test("leaves out answers that hold nothing, and the system turn when there is none", () => {
    const turns = promptTurns([message("user", "a"), message("assistant", ""), message("user", "b")], "", null);
    expect(turns).toEqual([
      { role: "user", content: "a" },
      { role: "user", content: "b" },
    ]);
  });

  test("has a picture beside the text, where only its name stands", () => {
    const picture = { name: "cat.png", mediaType: "image/png", text: "", data: "iVBO" };
    expect(promptTurns([{ ...message("user", "What is it?"), attachments: [picture] }], "", null)).toEqual([
      {
        role: "user",
        content: "Picture: cat.png\n\nWhat is it?",
        pictures: [{ mediaType: "image/png", data: "iVBO" }],
      },
    ]);
  });

  test("puts the summary below the system prompt", () => {
    expect(promptTurns([message("user", "a")], "Be brief.", "They met.")[0]).toEqual({
      role: "system",
      content: "Be brief.\n\nSummary of the conversation so far:\nThey met.",
    });
  });
});

test("a file cannot end its own fence", () => {
  const file = { name: "a.md", mediaType: "text/markdown", text: "```js\n1\n```\n````" };
  expect(turnContent({ attachments: [file], text: "Explain." })).toBe(
    "File: a.md\n`````\n```js\n1\n```\n````\n`````\n\nExplain.",
  );
});
