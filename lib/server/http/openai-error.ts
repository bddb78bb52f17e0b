import type { ErrorBody } from "@/lib/schema/api-error";

/** The error object of OpenAI's API, which its clients turn into exceptions by status and type. */
export interface OpenAiError {
  readonly error: {
    readonly message: string;
    readonly type: "invalid_request_error" | "authentication_error" | "rate_limit_error" | "server_error";
    readonly param: string | null;
    readonly code: string;
    readonly n_prompt_tokens?: number | undefined;
    readonly n_ctx?: number | undefined;
  };
}

function typeOf(status: number): OpenAiError["error"]["type"] {
  if (status === 401 || status === 403) return "authentication_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

/** Clients look for exactly this code before they shorten a conversation. */
const knownCodes: Readonly<Partial<Record<ErrorBody["code"], string>>> = {
  CONTEXT_EXCEEDED: "context_length_exceeded",
  MODEL_NOT_FOUND: "model_not_found",
};

export const openAiError = (status: number, body: ErrorBody): OpenAiError => ({
  error: {
    message: messageOf(body),
    type: typeOf(status),
    param: body.code === "CONTEXT_EXCEEDED" ? "messages" : null,
    code: knownCodes[body.code] ?? body.code,
    ...countsOf(body),
  },
});

/** Some clients look for the code of a context that is too small, others for the words of OpenAI's sentence. */
function messageOf({ message, next, promptTokens, contextTokens }: ErrorBody): string {
  if (promptTokens !== undefined && contextTokens !== undefined)
    return `This model's maximum context length is ${contextTokens} tokens. However, your messages resulted in ${promptTokens} tokens. Please reduce the length of the messages.`;
  return next === undefined ? message : `${message} ${next}`;
}

/** By the names of llama.cpp's server. */
const countsOf = ({ promptTokens, contextTokens }: ErrorBody) =>
  promptTokens === undefined ? {} : { n_prompt_tokens: promptTokens, n_ctx: contextTokens };
