import { lookup as resolveName } from "node:dns";
import { type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { errorReason } from "@/lib/schema/error-reason";
import { systemCodeOf } from "@/lib/server/system/system-code";
import type { DirectRead } from "./direct-read";
import { isPublicAddress } from "./public-address";
import { RemoteHeaderError } from "./remote-header-error";

const MAX_REDIRECTS = 5;

export interface RequestRules {
  /** Origin of the hub. The token is sent nowhere else. */
  readonly hubOrigin: string;
  readonly token: string | null;
  /** Origins that the owner of this computer has named (the hub's own). Only these may be plain http or on a private address. */
  readonly trustedOrigins: readonly string[];
}

/** An answer that is not a redirect, and the address that gave it. Its body is not read yet: read it or destroy it. */
export interface CheckedResponse {
  readonly url: URL;
  readonly response: IncomingMessage;
  /** What the hub itself says of the file, also where it leads on to another server; null for what it does not say. */
  readonly linked: LinkedFile;
}

export interface LinkedFile {
  readonly sha256: string | null;
  readonly fileBytes: number | null;
}

/** @see https://huggingface.co/docs/huggingface_hub/package_reference/file_download (get_hf_file_metadata) */
function linkedFile({ headers }: IncomingMessage): LinkedFile {
  const etag = String(headers["x-linked-etag"] ?? "").replace(/^(?:W\/)?"|"$/g, "");
  const bytes = headers["x-linked-size"];
  return {
    sha256: /^[0-9a-f]{64}$/i.test(etag) ? etag.toLowerCase() : null,
    fileBytes: typeof bytes === "string" && /^\d{1,15}$/.test(bytes) ? Number(bytes) : null,
  };
}

/**
 * A GET that follows redirects itself, so that each hop is checked like the first: https, public address, no credentials.
 *
 * @param direct reads the body, where it is a large one
 * @throws RemoteHeaderError FORBIDDEN for a hop that is refused, DOWNLOAD_FAILED for a network error
 */
export async function checkedRequest(
  start: URL,
  headers: Readonly<Record<string, string>>,
  rules: RequestRules,
  signal: AbortSignal,
  direct?: DirectRead,
): Promise<CheckedResponse> {
  let url = start;
  let linked: LinkedFile = { sha256: null, fileBytes: null };
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await requestOnce(url, headers, rules, signal, direct);
    if (url.origin === rules.hubOrigin) linked = mergeLinked(linked, linkedFile(response));
    const target = redirectTarget(response, url);
    if (target === null) return { url, response, linked };
    response.destroy();
    url = target;
  }
  throw new RemoteHeaderError("DOWNLOAD_FAILED", `${start.host} redirected more than ${MAX_REDIRECTS} times.`);
}

const mergeLinked = (before: LinkedFile, now: LinkedFile): LinkedFile => ({
  sha256: now.sha256 ?? before.sha256,
  fileBytes: now.fileBytes ?? before.fileBytes,
});

function redirectTarget(response: IncomingMessage, url: URL): URL | null {
  const { location } = response.headers;
  if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) return null;
  if (URL.canParse(location, url)) return new URL(location, url);
  response.destroy();
  throw new RemoteHeaderError("DOWNLOAD_FAILED", `${url.host} redirected to something that is no address.`);
}

function requestOnce(
  url: URL,
  headers: Readonly<Record<string, string>>,
  rules: RequestRules,
  signal: AbortSignal,
  direct: DirectRead | undefined,
): Promise<IncomingMessage> {
  const isTrusted = rules.trustedOrigins.includes(url.origin);
  if (!isTrusted) checkAddress(url);
  const isSecure = url.protocol === "https:";
  const authorization = rules.token !== null && url.origin === rules.hubOrigin;
  return new Promise((resolve, reject) => {
    const request = (isSecure ? requestSecure : requestPlain)(url, {
      // No agent: a kept connection would skip the check of its address.
      agent: false,
      signal,
      headers: {
        ...headers,
        "accept-encoding": "identity",
        ...(authorization ? { authorization: `Bearer ${rules.token}` } : {}),
      },
      ...(isTrusted ? {} : { lookup: publicLookup }),
      ...(direct === undefined ? {} : { onread: direct.onread }),
    });
    request.once("socket", socket => direct?.use(socket));
    request.once("response", resolve);
    request.once("error", error => reject(asHeaderError(error, url, signal)));
    request.end();
  });
}

/** Checks that need no network: `publicLookup` is not called for a host that is already an address. */
function checkAddress(url: URL): void {
  if (url.protocol !== "https:") refuse(`${url.host} would be asked over ${url.protocol}// and not https.`);
  if (url.username !== "" || url.password !== "") refuse(`The address on ${url.host} has a user name or password.`);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0 && !isPublicAddress(host)) refuse(`${host} is not on the public internet.`);
}

/** Resolves a name and refuses it when any of its addresses is private. The connection uses the address that was checked here. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    const bad = error ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
    const problem =
      error ?? (bad && new RemoteHeaderError("FORBIDDEN", `${hostname} leads to ${bad.address}, which is not public.`));
    const [first] = addresses ?? [];
    if (problem || !first) callback(problem ?? new Error(`${hostname} has no address.`), "", 0);
    else if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** The network error in plain words: the system's own are "getaddrinfo ENOTFOUND". */
function networkWords(error: unknown, host: string): string {
  switch (systemCodeOf(error)) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `You seem to be offline: ${host} cannot be found.`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
    case "ENETDOWN":
    case "EADDRNOTAVAIL":
      return `You seem to be offline: there is no way to ${host}.`;
    case "ECONNREFUSED":
      return `${host} refuses the connection.`;
    case "ECONNRESET":
    case "EPIPE":
      return `${host} broke the connection off.`;
    case "ETIMEDOUT":
      return `${host} does not answer.`;
    default: {
      const reason = errorReason(error);
      const isCertificate = /certificate|self.signed|CERT_|ERR_TLS/i.test(`${systemCodeOf(error)} ${reason}`);
      return isCertificate ? `${host} cannot prove who it is (${reason}).` : `${host} could not be read: ${reason}.`;
    }
  }
}

/** Network errors say little on their own (`ECONNREFUSED`): name the host and the meaning. */
export function asHeaderError(error: unknown, url: URL, signal: AbortSignal): unknown {
  if (error instanceof RemoteHeaderError) return error;
  if (signal.aborted) return signal.reason;
  return new RemoteHeaderError("DOWNLOAD_FAILED", networkWords(error, url.hostname), { cause: error });
}

function refuse(message: string): never {
  throw new RemoteHeaderError("FORBIDDEN", message);
}
