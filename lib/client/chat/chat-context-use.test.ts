import { expect, it } from "vitest";
import { liveContextUse, missingTokens, usedTokens } from "./chat-context-use";

const before = {
  contextTokens: 4096,
  systemTokens: 30,
  historyTokens: 100,
  draftTokens: 20,
  replyReserveTokens: 512,
  kvBytes: 94_371_840,
  neededTokens: 662,
  overflowingMessages: 0,
  overflowingTokens: 0,
  summaryTokens: 320,
  draftTooLong: false,
};

it("grows with the answer, into the room that was kept for it", () => {
  // 150 tokens before; 12 of the answer are there.
  const use = liveContextUse(before, 162, 4096);
  expect(use).toMatchObject({ systemTokens: 30, historyTokens: 132, draftTokens: 0, replyReserveTokens: 500 });
  expect(usedTokens(use)).toBe(162);
});

it("knows a new chat's first answer, of which nothing was counted before", () => {
  const use = liveContextUse(null, 45, 2048);
  expect(usedTokens(use)).toBe(45);
  expect(use).toMatchObject({ contextTokens: 2048, replyReserveTokens: 0, kvBytes: null });
});

it("keeps no more for the reply than the context has left", () => {
  expect(liveContextUse(before, 4000, 4096).replyReserveTokens).toBe(0);
  expect(liveContextUse({ ...before, historyTokens: 3900 }, 3950, 4096).replyReserveTokens).toBe(146);
});

it("says how many tokens are too many, the reply's room included", () => {
  expect(missingTokens(before)).toBe(0);
  // 203 KiB of text: 47,132 tokens and 512 for a reply in a context of 4,096.
  expect(missingTokens({ ...before, neededTokens: 47_644, draftTooLong: true })).toBe(43_548);
  expect(missingTokens({ ...before, neededTokens: 4200, overflowingMessages: 2 })).toBe(104);
});
