import type { ServerResponse } from "node:http";
import { type AccessPolicy, allowedOriginOf, type GuardedRequest } from "./request-guard";

/** A browser asks again after this time, so an origin that is no longer allowed is soon shut out. */
const PREFLIGHT_AGE_S = 600;
const METHODS = "GET, POST, DELETE";
/** Names of headers and nothing else, so that the answer repeats no text of a stranger's. */
const HEADER_NAMES = /^[\w-]+(?:, ?[\w-]+)*$/;
const MAX_HEADER_NAMES_CHARACTERS = 1_000;

/**
 * Lets the pages of origins that the user allowed use the API: marks their answers as readable, and answers the question that a browser
 * sends first. Cookies are never allowed: such a page needs a key like every program.
 *
 * @returns whether it has answered. For every other request it changes nothing, and the guard refuses foreign origins.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function answerCrossOrigin(request: GuardedRequest, response: ServerResponse, policy: AccessPolicy): boolean {
  const origin = allowedOriginOf(request, policy);
  if (origin === null) return false;
  response.setHeader("Access-Control-Allow-Origin", origin);
  response.setHeader("Access-Control-Expose-Headers", "Warning, Retry-After");
  response.setHeader("Vary", "Origin");
  if (request.method !== "OPTIONS" || request.header("access-control-request-method") === null) return false;
  response.setHeader("Access-Control-Allow-Methods", METHODS);
  response.setHeader("Access-Control-Max-Age", String(PREFLIGHT_AGE_S));
  const names = request.header("access-control-request-headers") ?? "";
  if (names.length <= MAX_HEADER_NAMES_CHARACTERS && HEADER_NAMES.test(names))
    response.setHeader("Access-Control-Allow-Headers", names);
  // Browsers ask this before a public page may reach a private address.
  if (request.header("access-control-request-private-network") === "true")
    response.setHeader("Access-Control-Allow-Private-Network", "true");
  response.writeHead(204).end();
  return true;
}
