import type * as z from "zod/mini";
import { type ErrorBody, errorResponseSchema } from "@/lib/schema/api-error";
import type { Endpoint, GivenPart, ParsedReply } from "@/lib/schema/endpoint";
import { errorReason } from "@/lib/schema/error-reason";

/** An error response of the server, in the server's own words if it gave any. */
export class ApiError extends Error {
  constructor(
    readonly body: ErrorBody,
    readonly status: number,
  ) {
    super(body.message);
    this.name = "ApiError";
  }
}

type Given<E extends Endpoint, Part extends "params" | "query" | "body"> =
  GivenPart<E, Part> extends undefined ? object : { readonly [Key in Part]: GivenPart<E, Part> };

/** The parts of a request beyond its endpoint; an endpoint declares which of them it has. */
export type ApiInput<E extends Endpoint> = (E["takesBytes"] extends true ? { readonly bytes: Blob } : object) &
  Given<E, "params"> &
  Given<E, "query"> &
  Given<E, "body"> & { readonly signal?: AbortSignal };

/** An endpoint that answers with JSON. */
export type JsonEndpoint = Endpoint & { readonly reply: z.ZodMiniType };

/**
 * One request to our own server. Its answer is parsed.
 *
 * @throws ApiError for a refusal or an unreadable answer, TypeError when the server cannot be reached.
 */
export async function apiRequest<E extends JsonEndpoint>(
  endpoint: E,
  input: ApiInput<NoInfer<E>>,
): Promise<ParsedReply<E>> {
  const answer = endpoint.reply.safeParse(await jsonOf(await apiResponse(endpoint, input)));
  if (!answer.success) throw new ApiError(NOT_UNDERSTOOD, 200);
  return answer.data as ParsedReply<E>;
}

/**
 * The raw response, for answers that are not JSON.
 *
 * @throws ApiError for a refusal, TypeError when the server cannot be reached.
 */
export async function apiResponse<E extends Endpoint>(endpoint: E, input: ApiInput<NoInfer<E>>): Promise<Response> {
  const { method } = endpoint;
  const { body, bytes, signal }: { body?: unknown; bytes?: Blob; signal?: AbortSignal } = input;
  const kind = bytes === undefined ? "application/json" : "application/octet-stream";
  const response = await fetch(apiAddress(endpoint, input), {
    method,
    ...(signal && { signal }),
    ...(method !== "GET" && { headers: { "content-type": kind }, body: bytes ?? JSON.stringify(body ?? {}) }),
  });
  if (!response.ok) throw await refusalOf(response);
  return response;
}

/** The endpoint's address with the request's parameters in it. */
export function apiAddress<E extends Endpoint>({ path }: E, input: Given<E, "params"> & Given<E, "query">): string {
  const { params = {}, query = {} } = input as { params?: object; query?: object };
  const filled = path.replaceAll(/\[(\w+)\]/g, (_whole, name: string) =>
    encodeURIComponent(String((params as Record<string, unknown>)[name])),
  );
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  return search.size === 0 ? filled : `${filled}?${search}`;
}

const NOT_UNDERSTOOD: ErrorBody = {
  code: "INTERNAL",
  message: "This page and the server do not understand each other.",
  next: "Headroom was probably updated: reload the page.",
};

const jsonOf = (response: Response): Promise<unknown> => response.json().catch(() => null);

/** The error that a response that is not `ok` describes. */
const refusalOf = async (response: Response): Promise<ApiError> =>
  new ApiError(errorBodyOf(await jsonOf(response), response.status), response.status);

function errorBodyOf(json: unknown, status: number): ErrorBody {
  const parsed = errorResponseSchema.safeParse(json);
  if (parsed.success) return parsed.data.error;
  return { code: "INTERNAL", message: `The server answered with status ${status} and no explanation.` };
}

/** Turns any failure of a request into something to show. */
export function errorBody(error: unknown): ErrorBody {
  if (error instanceof ApiError) return error.body;
  if (error instanceof TypeError) {
    return {
      code: "INTERNAL",
      message: "Headroom's server does not answer.",
      next: "Start it again with npm start, then reload this page.",
    };
  }
  return { code: "INTERNAL", message: errorReason(error) };
}

/** What happened and what to do, as one text. */
export function errorText(error: unknown): string {
  const { message, next } = errorBody(error);
  return next === undefined ? message : `${message} ${next}`;
}
