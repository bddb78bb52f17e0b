import { createHash, timingSafeEqual } from "node:crypto";
import type { ErrorCode } from "@/lib/schema/api-error";
import { llamaServerPaths } from "@/lib/schema/endpoint";
import { MIB } from "@/lib/units/bytes";

/** The API keys as the guard needs them: see ApiKeys. */
interface KeyCheck {
  readonly areRequired: boolean;
  find(secret: string): { readonly id: string } | "unknown" | null;
}

/** Who may talk to this server. */
export interface AccessPolicy {
  /** Exact Host headers, lower case, with port. */
  readonly allowedHosts: readonly string[];
  /** null on loopback without a token. */
  readonly token: string | null;
  /** Origins whose pages may use the paths for other programs. Absent if there are none. */
  readonly allowedOrigins?: readonly string[];
  /** IP addresses of proxies whose X-Forwarded headers count; absent for none. */
  readonly trustedProxies?: readonly string[];
  /** Absent if there are none. */
  readonly apiKeys?: KeyCheck;
}

/** The parts of a request that decide whether it is answered. `hosts` holds every Host header that was sent. */
export interface GuardedRequest {
  readonly method: string;
  /** The request target as it was sent. */
  readonly target: string;
  readonly hosts: readonly string[];
  header(name: string): string | null;
}

export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Larger than any conversation that a context can hold. */
export const BODY_LIMIT_BYTES = 8 * MIB;

export const TOKEN_COOKIE = "headroom_token";

const BODY_METHODS = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const READ_METHODS = new Set(["GET", "HEAD"]);
/** Encoded dots, slashes, backslashes and NUL: no path of ours needs them, and routers disagree about their meaning. */
const AMBIGUOUS_PATH = /\/\/|\\|%(?:2e|2f|5c|00)/i;

const refusal = (status: number, code: ErrorCode, message: string): Refusal => ({ status, code, message });

export const pathOf = (target: string): string => target.split(/[?#]/, 1)[0] ?? "";

const llamaServer: ReadonlySet<string> = new Set(llamaServerPaths);

/** The paths for other programs. Their errors have OpenAI's shape, also where a base URL ends with one slash too many. */
export const isClientPath = (path: string): boolean =>
  /^\/+v1(?:\/|$)/i.test(path) || llamaServer.has(pathOf(path).toLowerCase().replace(/\/$/, ""));

/** What watches a server has no key, and learns from these only whether a model can answer, as from llama.cpp's own server. */
const openPaths: ReadonlySet<string> = new Set(["/health", "/v1/health"]);

const isOpen = ({ method, target }: GuardedRequest): boolean =>
  READ_METHODS.has(method) && openPaths.has(pathOf(target).replace(/\/$/, ""));

/** Anthropic's clients read errors in its own shape. */
export const isAnthropicPath = (path: string): boolean => /^\/v1\/messages(?:\/|$)/i.test(pathOf(path));

export const isApiPath = (path: string): boolean => /^\/api(?:\/|$)/i.test(path) || isClientPath(path);

/** DNS rebinding (CVE-2024-28224 in Ollama): a foreign name that resolves to 127.0.0.1 still appears in this header. */
function refuseHost({ hosts }: GuardedRequest, policy: AccessPolicy): Refusal | null {
  const [host, ...more] = hosts;
  if (host !== undefined && more.length === 0 && policy.allowedHosts.includes(host.toLowerCase())) return null;
  return refusal(403, "FORBIDDEN", "This address is not one that Headroom answers to.");
}

const MODEL_PATH = "/v1/models/";

/** OpenAI's JavaScript client writes a model's name with slashes as one part of the path. A file is never opened by it. */
function isEncodedModel(path: string): boolean {
  if (!path.startsWith(MODEL_PATH)) return false;
  const name = path.slice(MODEL_PATH.length);
  return !name.includes("/") && name.split(/%2f/i).every(part => !["", ".", ".."].includes(part));
}

function refuseTarget({ target, method }: GuardedRequest): Refusal | null {
  const sent = pathOf(target);
  const path = READ_METHODS.has(method) && isEncodedModel(sent) ? sent.replaceAll(/%2f/gi, "/") : sent;
  if (target.startsWith("/") && !AMBIGUOUS_PATH.test(path)) return null;
  return refusal(400, "INVALID_INPUT", "This request target is not a plain path: write it with single slashes.");
}

/**
 * The origin of a page that the user let use the API. It opens only the paths for other programs, and only at an address that is
 * Headroom's own.
 *
 * @returns null for every other request
 */
export function allowedOriginOf(request: GuardedRequest, policy: AccessPolicy): string | null {
  const origin = request.header("origin");
  if (origin === null || !isClientPath(pathOf(request.target))) return null;
  if (refuseHost(request, policy) !== null || refuseTarget(request) !== null) return null;
  return (policy.allowedOrigins ?? []).some(allowed => isSameOrigin(origin, allowed)) ? origin : null;
}

/** "vscode-webview://*" stands for every host of that scheme. Everything else must be equal, letter by letter. */
function isSameOrigin(origin: string, allowed: string): boolean {
  if (!allowed.endsWith("://*")) return origin === allowed;
  const scheme = allowed.slice(0, -1);
  return origin.startsWith(scheme) && /^[\w.-]+$/.test(origin.slice(scheme.length));
}

/** Any site may link to our pages. Data, events and assets may be requested only by our own pages. */
function refuseCrossSite(request: GuardedRequest, policy: AccessPolicy): Refusal | null {
  const forbidden = refusal(403, "FORBIDDEN", "Headroom answers only its own pages and programs on this computer.");
  if (allowedOriginOf(request, policy) !== null) return null;
  const origin = request.header("origin");
  if (origin !== null && !isOwnOrigin(origin, policy))
    return isClientPath(pathOf(request.target)) ? unknownOrigin(origin) : forbidden;
  const site = request.header("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return null;
  const isNavigation =
    READ_METHODS.has(request.method) &&
    request.header("sec-fetch-mode") === "navigate" &&
    request.header("sec-fetch-dest") === "document" &&
    !isApiPath(pathOf(request.target));
  return isNavigation ? null : forbidden;
}

/** A browser shows this only in its network log, where a person looks when a page cannot reach the API. */
const unknownOrigin = (origin: string): Refusal =>
  refusal(
    403,
    "FORBIDDEN",
    `Pages of ${JSON.stringify(origin.slice(0, 100))} may not use the API: add this origin on the dashboard under API, Allowed origins.`,
  );

function isOwnOrigin(origin: string, policy: AccessPolicy): boolean {
  const host = /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1];
  return host !== undefined && policy.allowedHosts.includes(host);
}

/** There are no Server Actions and no forms, so a page is only ever read. */
function refuseMethod({ method, target }: GuardedRequest): Refusal | null {
  if (READ_METHODS.has(method)) return null;
  if (BODY_METHODS.has(method) && isApiPath(pathOf(target))) return null;
  return refusal(404, "NOT_FOUND", `There is nothing here that takes ${method.slice(0, 16)}. The API is below /v1.`);
}

const hasBody = (request: GuardedRequest): boolean =>
  request.header("transfer-encoding") !== null || Number(request.header("content-length") ?? 0) > 0;

/** Pieces of a model's file. It is the one path that takes bytes. */
const takesBytes = ({ method, target }: GuardedRequest): boolean =>
  method === "PATCH" && /^\/api\/models\/uploads\/[\w-]+$/.test(pathOf(target));

/** A site may send a form or text/plain to another site without permission, but neither JSON nor application/octet-stream. */
function refuseBodyKind(request: GuardedRequest): Refusal | null {
  if (!hasBody(request)) return null;
  const mediaType = (request.header("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  const required = takesBytes(request) ? "application/octet-stream" : "application/json";
  if (mediaType !== required) return refusal(415, "UNSUPPORTED_MEDIA", `The body must be ${required}.`);
  const encoding = request.header("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return null;
  return refusal(400, "INVALID_INPUT", "The body must not be compressed.");
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Digests have equal lengths, so the comparison takes the same time for every guess. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));

/** As OpenAI's clients send a key, or Anthropic's. */
export const givenKey = (request: Pick<GuardedRequest, "header">): string | null =>
  /^Bearer (.+)$/i.exec(request.header("authorization") ?? "")?.[1] ?? request.header("x-api-key");

function givenToken(request: GuardedRequest): string {
  const key = givenKey(request);
  if (key !== null) return key;
  const pairs = (request.header("cookie") ?? "").split(";").map(pair => pair.trim());
  const value = pairs.find(pair => pair.startsWith(`${TOKEN_COOKIE}=`))?.slice(TOKEN_COOKIE.length + 1) ?? "";
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}

/** One check, from the Authorization header or the cookie. A token in the query would end up in logs and histories. */
function refuseToken(request: GuardedRequest, policy: AccessPolicy): Refusal | null {
  if (isOpen(request)) return null;
  if (policy.token !== null && sameSecret(givenToken(request), policy.token)) return null;
  if (isClientPath(pathOf(request.target)) && policy.apiKeys !== undefined)
    return refuseKey(givenKey(request), policy, policy.apiKeys);
  if (policy.token === null) return null;
  return refusal(401, "FORBIDDEN", "This Headroom asks for a token: send it as a bearer token.");
}

/** Many clients must send some key, so if no key is required, any word passes that does not look like one of ours. */
function refuseKey(given: string | null, { token }: AccessPolicy, keys: KeyCheck): Refusal | null {
  const found = given === null ? null : keys.find(given);
  if (found === "unknown")
    return refusal(401, "FORBIDDEN", "This API key is not known here: it was revoked, or belongs to another Headroom.");
  if (found !== null || (token === null && !keys.areRequired)) return null;
  return refusal(
    401,
    "FORBIDDEN",
    "This Headroom asks for an API key: make one on its page API, and send it as a bearer token.",
  );
}

/** Decides about one request before anything reads its body. null lets it pass. The web server asks for every request, whatever its path. */
export function guardRequest(request: GuardedRequest, policy: AccessPolicy): Refusal | null {
  return (
    refuseHost(request, policy) ??
    refuseTarget(request) ??
    refuseCrossSite(request, policy) ??
    refuseToken(request, policy) ??
    refuseMethod(request) ??
    refuseBodyKind(request)
  );
}
