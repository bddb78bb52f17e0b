import type { ErrorBody } from "@/lib/schema/api-error";

/** The error object of OpenAI's API, which its clients turn into exceptions by status and type. */
export interface OpenAiError {
  readonly error: {
    readonly message: string;
    readonly type: "invalid_request_error" | "authentication_error" | "server_error";
    readonly param: string | null;
    readonly code: string;
  };
}

function typeOf(status: number): OpenAiError["error"]["type"] {
  if (status === 401 || status === 403) return "authentication_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

/** Clients look for exactly this code before they shorten a conversation. */
const knownCodes: Readonly<Partial<Record<ErrorBody["code"], string>>> = {
  CONTEXT_EXCEEDED: "context_length_exceeded",
  MODEL_NOT_FOUND: "model_not_found",
};

export const openAiError = (status: number, { code, message, next }: ErrorBody): OpenAiError => ({
  error: {
    message: next === undefined ? message : `${message} ${next}`,
    type: typeOf(status),
    param: null,
    code: knownCodes[code] ?? code,
  },
});
