import type { IncomingMessage } from "node:http";
import { DownloadError, GOES_ON } from "./download-error";

/** A server may ask for any time; after this, it is asked again. */
const MAX_WAIT_MS = 60 * 60 * 1000;
const USUAL_WAIT_MS = 60_000;

/** The page of a repository, where its terms are accepted. */
const pageOf = ({ origin, pathname }: URL): string => origin + pathname.split("/").slice(0, 3).join("/");

/**
 * What a status other than 200 and 206 means for a download.
 *
 * The hub says 401 for whatever this user may not see, and its own code says why: "GatedRepo", or "RepoNotFound" for what is private or
 * does not exist.
 *
 * @param original address at the hub; `url` may be of the server that it led to
 * @param hasToken whether HF_TOKEN is set
 */
export function refusedAnswer(
  { statusCode: status = 0, headers }: Pick<IncomingMessage, "statusCode" | "headers">,
  { url, original, hasToken }: { readonly url: URL; readonly original: URL; readonly hasToken: boolean },
): DownloadError {
  const file = original.pathname.split("/").at(-1) ?? "";
  const page = pageOf(original);
  const token = hasToken ? "check that HF_TOKEN is of that account" : "set HF_TOKEN";
  switch (status) {
    case 401:
    case 403:
      if (headers["x-error-code"] === "RepoNotFound")
        return new DownloadError(
          "FORBIDDEN",
          "keep",
          `${url.host} shows no such repository: it is private, or not there.`,
          {
            next: `Look at ${page} with an account that may see it, ${token}, restart Headroom, then try again.`,
          },
        );
      if (status === 403 || headers["x-error-code"] === "GatedRepo")
        return new DownloadError(
          "FORBIDDEN",
          "keep",
          `${url.host} does not give out ${file}: it is gated or private.`,
          {
            next: `Accept its terms at ${page}, ${token}, restart Headroom, then try again.`,
          },
        );
      return new DownloadError("FORBIDDEN", "keep", `${url.host} wants a sign-in for ${file}.`, {
        next: `Ask for access at ${page}, ${token}, restart Headroom, then try again.`,
      });
    case 404:
      return new DownloadError("MODEL_NOT_FOUND", "drop", `${url.host} has no ${file}.`, {
        next: "Check the owner, the repository and the file's name.",
      });
    case 429:
      return new DownloadError("BUSY", "retry", `${url.host} asks to wait: too many requests.`, {
        next: GOES_ON,
        waitMs: retryAfterMs(headers["retry-after"]),
      });
    default:
      return new DownloadError(
        "HUB_FAILED",
        status >= 500 ? "retry" : "keep",
        `${url.host} answered ${status} for ${file}.`,
        { next: "Try again later." },
      );
  }
}

/** Seconds or a date; a minute where the server does not say. */
function retryAfterMs(header: string | undefined): number {
  if (header === undefined) return USUAL_WAIT_MS;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(waitMs) ? Math.min(MAX_WAIT_MS, Math.max(1000, waitMs)) : USUAL_WAIT_MS;
}
