import { expect, test } from "vitest";
import { openAiError } from "./openai-error";

test("a context that is too small is told in OpenAI's own sentence, with the counts of llama.cpp's server", () => {
  const body = { code: "CONTEXT_EXCEEDED", message: "Too long.", promptTokens: 5000, contextTokens: 4096 } as const;
  expect(openAiError(400, body).error).toEqual({
    message:
      "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens. Please reduce the length of the messages.",
    type: "invalid_request_error",
    param: "messages",
    code: "context_length_exceeded",
    n_prompt_tokens: 5000,
    n_ctx: 4096,
  });
});
