import * as z from "zod";
import { splitPartNames } from "@/lib/gguf/split-name";
import type { RemoteFile } from "@/lib/schema/remote-models";
import { asHeaderError, checkedRequest } from "./checked-request";
import type { RemoteAddress } from "./remote-address";
import type { RemoteHeaderOptions } from "./remote-header";
import { RemoteHeaderError } from "./remote-header-error";

type RepositoryAddress = Extract<RemoteAddress, { kind: "repository" }>;

/** A list of a thousand files has about 300 KB. */
const MAX_LIST_BYTES = 8 * 1024 * 1024;
const TIME_LIMIT_MS = 20_000;

const treeSchema = z.array(z.object({ type: z.string(), path: z.string(), size: z.number().int().min(0).default(0) }));

/** Names of an image model's other half and of a calibration file: neither is a model that can answer. */
const NO_CHAT_MODEL = /(?:^|[-._/])(?:mmproj|imatrix)(?=[-._])/i;
/** "Q4_K_M", "IQ2_XXS", "UD-Q4_K_XL", "BF16" between the separators of a file's name. */
const QUANTIZATION =
  /(?:^|[-._/])((?:UD-)?(?:I?Q\d+(?:_[A-Z0-9]+)*|TQ\d_\d|MXFP4(?:_MOE)?|BF16|F16|F32))(?=[-._/]|$)/gi;

const quantizationInName = (path: string): string | null =>
  [...path.replace(/\.gguf$/i, "").matchAll(QUANTIZATION)].at(-1)?.[1]?.toUpperCase() ?? null;

/**
 * The GGUF files of a repository that can answer, smallest first. The first part of a split model stands for all parts.
 *
 * @throws RemoteHeaderError
 */
export async function listRepository(address: RepositoryAddress, options: RemoteHeaderOptions): Promise<RemoteFile[]> {
  const name = `${address.owner}/${address.repository}`;
  const entries = await readTree(address, options);
  const files = entries.filter(
    ({ type, path }) => type === "file" && /\.gguf$/i.test(path) && !NO_CHAT_MODEL.test(path),
  );
  const bytesOf = new Map(files.map(({ path, size }) => [path, size]));
  const at = address.revision === "main" ? "" : `@${address.revision}`;
  const whole = files
    .filter(({ path }) => splitPartNames(path)[0] === path)
    .map(({ path }) => ({
      source: `hf:${name}${at}/${path}`,
      name: path,
      fileBytes: splitPartNames(path).reduce((sum, part) => sum + (bytesOf.get(part) ?? 0), 0),
      quantization: quantizationInName(path),
    }))
    .sort((a, b) => a.fileBytes - b.fileBytes);
  if (whole.length === 0)
    throw new RemoteHeaderError(
      "INVALID_INPUT",
      `${name} holds no GGUF file of a chat model: look for a repository whose name ends in -GGUF.`,
    );
  return chosen(whole, address.quantization, name);
}

/** The files that `:Q4_K_M` selects; a file's name is accepted as well. */
function chosen(files: RemoteFile[], quantization: string | null, name: string): RemoteFile[] {
  if (quantization === null || quantization.toLowerCase() === "latest") return files;
  const upperName = quantization.toUpperCase();
  const found = files.filter(file => file.quantization === upperName || file.name.toUpperCase() === upperName);
  if (found.length > 0) return found;
  const there = [...new Set(files.flatMap(file => file.quantization ?? []))].join(", ");
  throw new RemoteHeaderError("MODEL_NOT_FOUND", `${name} has no ${quantization}; it has ${there || "other files"}.`);
}

async function readTree({ owner, repository, revision }: RepositoryAddress, options: RemoteHeaderOptions) {
  const endpoint = options.endpoint.replace(/\/$/, "");
  const path = ["api", "models", owner, repository, "tree", revision].map(encodeURIComponent).join("/");
  const url = new URL(`${endpoint}/${path}?recursive=true`);
  const hubOrigin = url.origin;
  const rules = { hubOrigin, token: options.token, trustedOrigins: [hubOrigin, ...(options.trustedOrigins ?? [])] };
  const signal = AbortSignal.timeout(options.timeLimitMs ?? TIME_LIMIT_MS);
  const { response } = await checkedRequest(url, { accept: "application/json" }, rules, signal);
  try {
    const { statusCode = 0 } = response;
    if (statusCode === 401 || statusCode === 403)
      // The hub gives the same answer for what does not exist: only users with access may know.
      throw new RemoteHeaderError(
        "MODEL_NOT_FOUND",
        `${url.host} shows no ${owner}/${repository}: it does not exist, or it is private or gated and needs HF_TOKEN.`,
      );
    if (statusCode === 404)
      throw new RemoteHeaderError("MODEL_NOT_FOUND", `${url.host} has no ${owner}/${repository}.`);
    if (statusCode === 429) throw new RemoteHeaderError("BUSY", `${url.host} asks to wait: too many requests.`);
    if (statusCode !== 200)
      throw new RemoteHeaderError("DOWNLOAD_FAILED", `${url.host} answered ${statusCode} for ${owner}/${repository}.`);
    const parsed = treeSchema.safeParse(await readJson(response, url.host));
    if (parsed.success) return parsed.data;
    throw new RemoteHeaderError("DOWNLOAD_FAILED", `${url.host} sent no list of files for ${owner}/${repository}.`);
  } catch (error) {
    throw asHeaderError(error, url, signal);
  } finally {
    response.destroy();
  }
}

async function readJson(body: AsyncIterable<unknown>, host: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let readBytes = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    readBytes += chunk.byteLength;
    if (readBytes > MAX_LIST_BYTES)
      throw new RemoteHeaderError("TOO_LARGE", `The list of files on ${host} is too long.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return null;
  }
}
