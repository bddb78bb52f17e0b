import { expect, it } from "vitest";
import { anthropicError } from "./anthropic-error";

it("says that a prompt is too long in the words that Claude Code looks for before it shortens a conversation", () => {
  const body = { code: "CONTEXT_EXCEEDED", message: "Too long.", promptTokens: 5000, contextTokens: 4096 } as const;
  expect(anthropicError(400, body)).toEqual({
    type: "error",
    error: { type: "invalid_request_error", message: "prompt is too long: 5000 tokens > 4096 maximum. Too long." },
  });
});

it("gives its own words where the counts are not known", () => {
  const body = { code: "CONTEXT_EXCEEDED", message: "Too long.", next: "Shorten it." } as const;
  expect(anthropicError(400, body).error.message).toBe("Too long. Shorten it.");
});
