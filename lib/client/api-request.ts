import type * as z from "zod/mini";
import { type ErrorBody, errorResponseSchema } from "@/lib/schema/api-error";

/** An answer of the server that is not the one asked for, in the server's own words where it gave some. */
export class ApiError extends Error {
  constructor(
    readonly body: ErrorBody,
    readonly status: number,
  ) {
    super(body.message);
    this.name = "ApiError";
  }
}

interface ApiRequest<Schema extends z.ZodMiniType> {
  readonly path: string;
  readonly schema: Schema;
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * One request to our own server, its answer parsed.
 *
 * @throws ApiError for a refusal or an answer that is not ours, TypeError when the server cannot be reached.
 */
export async function apiRequest<Schema extends z.ZodMiniType>(request: ApiRequest<Schema>): Promise<z.output<Schema>> {
  const { path, schema, method = "GET", body, signal } = request;
  const response = await fetch(path, {
    method,
    ...(signal && { signal }),
    ...(method !== "GET" && { headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) }),
  });
  if (!response.ok) throw await refusalOf(response);
  const answer = schema.safeParse(await jsonOf(response));
  if (!answer.success) throw new ApiError(NOT_UNDERSTOOD, response.status);
  return answer.data;
}

const NOT_UNDERSTOOD: ErrorBody = {
  code: "INTERNAL",
  message: "This page and the server do not understand each other.",
  next: "Headroom was probably updated: reload the page.",
};

const jsonOf = (response: Response): Promise<unknown> => response.json().catch(() => null);

/** What a response that is not `ok` says. */
export const refusalOf = async (response: Response): Promise<ApiError> =>
  new ApiError(errorBodyOf(await jsonOf(response), response.status), response.status);

function errorBodyOf(json: unknown, status: number): ErrorBody {
  const parsed = errorResponseSchema.safeParse(json);
  if (parsed.success) return parsed.data.error;
  return { code: "INTERNAL", message: `The server answered with status ${status} and no explanation.` };
}

/** Any failure of a request as something to show. */
export function errorBody(error: unknown): ErrorBody {
  if (error instanceof ApiError) return error.body;
  if (error instanceof TypeError) {
    return {
      code: "INTERNAL",
      message: "Headroom's server does not answer.",
      next: "Start it again with npm start, then reload this page.",
    };
  }
  return { code: "INTERNAL", message: error instanceof Error ? error.message : String(error) };
}
