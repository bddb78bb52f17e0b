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

/** The error object of Anthropic's API, which its clients turn into exceptions by status and type. */
export const anthropicError = (status: number, { message, next }: ErrorBody) => ({
  type: "error",
  error: { type: typeOf(status), message: next === undefined ? message : `${message} ${next}` },
});
