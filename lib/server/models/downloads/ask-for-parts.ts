import { checkedRequest, type RequestRules } from "../hub/checked-request";
import { readRemoteHeader } from "../hub/remote-header";
import { publishedHashes } from "../hub/remote-repository";
import { DownloadError } from "./download-error";
import type { DownloadTarget } from "./download-target";
import type { PartState } from "./part-state";
import { refusedAnswer } from "./refused-answer";

interface AskOptions {
  readonly endpoint: string;
  readonly rules: RequestRules;
  readonly signal: AbortSignal;
}

/**
 * Size, version and hash of each part. The header of the model is read as well: what is no model is not fetched.
 *
 * @throws DownloadError, RemoteHeaderError, GgufFormatError, or the signal's reason
 */
export async function askForParts(target: DownloadTarget, options: AskOptions): Promise<PartState[]> {
  const { endpoint, rules, signal } = options;
  const probed: PartState[] = [];
  for (const { url } of target.parts) probed.push(await askForPart(url, options));
  const { token, trustedOrigins } = rules;
  const { parts } = await readRemoteHeader(target.source, { endpoint, token, trustedOrigins, signal });
  for (const [index, { fileBytes, etag }] of parts.entries())
    if (fileBytes !== probed[index]?.fileBytes || etag !== probed[index].etag)
      throw new DownloadError("DOWNLOAD_FAILED", "restart", `${target.name} changed while its header was read.`);
  return withListedHashes(probed, target, options);
}

async function askForPart(original: URL, { rules, signal }: AskOptions): Promise<PartState> {
  const { url, response, linked } = await checkedRequest(original, { range: "bytes=0-0" }, rules, signal);
  const { statusCode = 0, headers } = response;
  response.destroy();
  if (statusCode !== 200 && statusCode !== 206)
    throw refusedAnswer(response, { url, original, hasToken: rules.token !== null });
  const total = statusCode === 206 ? /\/(\d+)$/.exec(headers["content-range"] ?? "")?.[1] : headers["content-length"];
  const fileBytes = total === undefined ? Number.NaN : Number(total);
  if (!Number.isSafeInteger(fileBytes))
    throw new DownloadError("DOWNLOAD_FAILED", "drop", `${url.host} does not tell the size of the file.`);
  if (linked.fileBytes !== null && linked.fileBytes !== fileBytes)
    throw new DownloadError(
      "DOWNLOAD_FAILED",
      "drop",
      `${original.host} says that the file has ${linked.fileBytes} bytes, but ${url.host} has one of ${fileBytes}.`,
      { next: "Try again later: the two servers do not agree yet." },
    );
  const segments = fileBytes === 0 ? [] : [{ nextBytes: 0, endBytes: fileBytes }];
  return { fileBytes, etag: headers.etag ?? null, sha256: linked.sha256, segments };
}

/** The hub's list of files has the sha256 of each as well. A mirror may have no list: then the file goes without a check. */
async function withListedHashes(
  parts: PartState[],
  { repository, parts: places }: DownloadTarget,
  { endpoint, rules, signal }: AskOptions,
): Promise<PartState[]> {
  if (repository === null || parts.every(({ sha256 }) => sha256 !== null)) return parts;
  const { token, trustedOrigins } = rules;
  const listed = await publishedHashes(repository, { endpoint, token, trustedOrigins, signal }).catch(() => null);
  signal.throwIfAborted();
  return parts.map((part, index) => ({
    ...part,
    sha256: part.sha256 ?? listed?.get(places[index]?.repositoryPath ?? "") ?? null,
  }));
}
