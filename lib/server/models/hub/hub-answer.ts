import type { IncomingMessage } from "node:http";
import type * as z from "zod";
import { parseJson } from "@/lib/server/system/parse-json";
import { asHeaderError, checkedRequest } from "./checked-request";
import type { RemoteHeaderOptions } from "./remote-header";
import { RemoteHeaderError, tooMany } from "./remote-header-error";

/** A list of a thousand files has about 300 KB. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const TIME_LIMIT_MS = 20_000;

interface HubQuestion<Answer> {
  /** Below the endpoint: "api/models?search=…". */
  readonly path: string;
  /** What is asked about, for messages: "owner/repo". */
  readonly subject: string;
  readonly schema: z.ZodType<Answer>;
}

export interface HubAnswer<Answer> {
  readonly answer: Answer;
  /** Who answered in the end: a renamed repository answers from another address. */
  readonly url: URL;
  /** The next page of a long list, as a path like the question's; null for the last one. */
  readonly nextPath: string | null;
}

/**
 * The hub's JSON answer, bounded and parsed.
 *
 * @throws RemoteHeaderError
 */
export async function askHub<Answer>(
  { path, subject, schema }: HubQuestion<Answer>,
  options: RemoteHeaderOptions,
): Promise<HubAnswer<Answer>> {
  const base = new URL(`${options.endpoint.replace(/\/$/, "")}/`);
  const url = new URL(path, base);
  const rules = {
    hubOrigin: url.origin,
    token: options.token,
    trustedOrigins: [url.origin, ...(options.trustedOrigins ?? [])],
  };
  const limit = AbortSignal.timeout(options.timeLimitMs ?? TIME_LIMIT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const late = (error: unknown): unknown =>
    limit.aborted && error === limit.reason
      ? new RemoteHeaderError("DOWNLOAD_FAILED", `${url.host} did not answer in time.`)
      : asHeaderError(error, url, signal);
  try {
    const found = await checkedRequest(url, { accept: "application/json" }, rules, signal);
    try {
      checkStatus(found.response, url.host, subject);
      const parsed = schema.safeParse(await readJson(found.response, url.host));
      if (parsed.success)
        return { answer: parsed.data, url: found.url, nextPath: nextPath(found.response.headers.link, base) };
      throw new RemoteHeaderError("HUB_FAILED", `${url.host} sent no usable answer about ${subject}.`);
    } finally {
      found.response.destroy();
    }
  } catch (error) {
    throw late(error);
  }
}

/** From `Link: <https://…?cursor=…>; rel="next"`; an address outside of the hub is none. */
function nextPath(link: string | string[] | undefined, base: URL): string | null {
  const address = /<([^>]+)>\s*;\s*rel="next"/.exec(String(link ?? ""))?.[1];
  if (address === undefined || !URL.canParse(address, base)) return null;
  const { href } = new URL(address, base);
  return href.startsWith(base.href) ? href.slice(base.href.length) : null;
}

function checkStatus({ statusCode = 0, headers }: IncomingMessage, host: string, subject: string): void {
  if (statusCode === 200) return;
  if (statusCode === 401 || statusCode === 403)
    // The hub gives the same answer for what does not exist: only users with access may know.
    throw new RemoteHeaderError(
      "MODEL_NOT_FOUND",
      `${host} shows no ${subject}: it does not exist, or it is private or gated and needs HF_TOKEN.`,
    );
  if (statusCode === 404) throw new RemoteHeaderError("MODEL_NOT_FOUND", `${host} has no ${subject}.`);
  if (statusCode === 429) throw tooMany(host, headers["retry-after"]);
  throw new RemoteHeaderError("HUB_FAILED", `${host} answered ${statusCode} for ${subject}.`);
}

async function readJson(body: AsyncIterable<unknown>, host: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let readBytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    readBytes += chunk.byteLength;
    if (readBytes > MAX_ANSWER_BYTES)
      throw new RemoteHeaderError("TOO_LARGE", `The answer of ${host} is longer than ${MAX_ANSWER_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks).toString("utf8")) ?? null;
}
