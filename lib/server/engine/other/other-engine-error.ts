import type { ErrorCode } from "@/lib/schema/api-error";
import { escapeLine } from "@/lib/server/system/escape-line";

/** A server that should answer cannot, or refuses to. */
export class OtherEngineError extends Error {
  override readonly name = "OtherEngineError";

  constructor(
    readonly code: ErrorCode,
    message: string,
    /** The step to take, where the code's own is not the right one. */
    readonly next?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A server's own words are quoted, but not by the page. */
const QUOTED_CHARACTERS = 300;

function quoted(text: string): string {
  const line = escapeLine(text.trim().replaceAll(/\s+/g, " "));
  return `"${line.length > QUOTED_CHARACTERS ? `${line.slice(0, QUOTED_CHARACTERS)}…` : line}"`;
}

const innermostCodeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return "";
  if ("code" in error && typeof error.code === "string" && error.code !== "ENGINE_AWAY") return error.code;
  return innermostCodeOf(error.cause);
};

/** fetch's own words are "fetch failed". */
function networkWords(error: unknown): string {
  const code = innermostCodeOf(error);
  switch (code) {
    case "ECONNREFUSED":
      return "refuses the connection";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "cannot be found";
    case "ECONNRESET":
    case "EPIPE":
    case "UND_ERR_SOCKET":
      return "broke the connection off";
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "EADDRNOTAVAIL":
      return "cannot be reached from this computer";
    case "ETIMEDOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return "does not answer";
    default:
      if (error instanceof Error && error.cause instanceof Error && error.cause.message === "bad port")
        return "is on a port that is kept for other services: start it on another";
      return /CERT|TLS|SSL|SELF_SIGNED/.test(code) ? `cannot prove who it is (${code})` : "cannot be asked";
  }
}

export const awayError = (who: string, cause: unknown): OtherEngineError =>
  new OtherEngineError("ENGINE_AWAY", `${who} ${networkWords(cause)}.`, undefined, { cause });

/** What servers call a prompt that is too long: OpenAI and vLLM by code or words, llama.cpp by type. */
const TOO_LONG =
  /context_length_exceeded|exceed_context_size|maximum context length|exceeds the available context|context length/i;

interface Refused {
  readonly who: string;
  readonly model: string | null;
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
  readonly hasKey: boolean;
}

/** A refusal in the server's answer as our error: what happened, and what to do. */
export function refusedError({ who, model, status, text, retryAfter, hasKey }: Refused): OtherEngineError {
  const said = text === "" ? "." : `: ${quoted(text)}.`;
  if (status === 401 || status === 403)
    return new OtherEngineError(
      "ENGINE_REFUSED",
      hasKey ? `${who} does not accept the key${said}` : `${who} wants a key${said}`,
    );
  if (status === 429)
    return new OtherEngineError("QUEUE_FULL", `${who} has too many requests${said}`, waitWords(retryAfter));
  if (status === 503 && /loading/i.test(text))
    return new OtherEngineError("BUSY", `${who} is still loading its model.`, waitWords(retryAfter));
  if (status < 500 && TOO_LONG.test(text))
    return new OtherEngineError("CONTEXT_EXCEEDED", `The conversation is too long for ${who}${said}`);
  if (status === 404 && model !== null)
    return new OtherEngineError(
      "MODEL_NOT_FOUND",
      `${who} does not have ${model} any more${said}`,
      "Choose another of its models.",
    );
  if (status < 500) return new OtherEngineError("INVALID_INPUT", `${who} does not accept this (${status})${said}`);
  return new OtherEngineError("ENGINE_AWAY", `${who} failed (${status})${said}`, "Look at its log, then try again.");
}

const waitWords = (retryAfter: string | null): string =>
  retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? `Try again in ${retryAfter} s.` : "Try again in a moment.";

export const garbageError = (who: string, text: string): OtherEngineError =>
  new OtherEngineError(
    "ENGINE_AWAY",
    `${who} sent something that is no answer: ${quoted(text.slice(0, 80))}.`,
    "Check that its address is that of a server with OpenAI's API, then try again.",
  );
