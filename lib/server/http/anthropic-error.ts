import type { ErrorBody } from "@/lib/schema/api-error";

/** @see https://docs.anthropic.com/en/api/errors */
const types: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
};

const typeOf = (status: number): string => types[status] ?? (status < 500 ? "invalid_request_error" : "api_error");

/** Clients look for Anthropic's sentence before they shorten a conversation. */
function messageOf({ code, message, next, promptTokens, contextTokens }: ErrorBody): string {
  const isCounted = code === "CONTEXT_EXCEEDED" && promptTokens !== undefined && contextTokens !== undefined;
  const known = isCounted ? [`prompt is too long: ${promptTokens} tokens > ${contextTokens} maximum.`] : [];
  return [...known, message, ...(next === undefined ? [] : [next])].join(" ");
}

/** The error object of Anthropic's API, which its clients turn into exceptions by status and type. */
export const anthropicError = (status: number, body: ErrorBody) => ({
  type: "error",
  error: { type: typeOf(status), message: messageOf(body) },
});
