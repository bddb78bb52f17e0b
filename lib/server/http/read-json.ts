import type { IncomingMessage } from "node:http";
import { RequestError } from "@/lib/server/system/request-error";
import { MIB } from "@/lib/units/bytes";
import { BODY_LIMIT_BYTES } from "./request-guard";

/** Deeper than any body of ours, and far below what would overflow the stack of a recursive reader. */
const MAX_DEPTH = 64;

/** Half of a UTF-16 pair: JSON can spell it, UTF-8 cannot, and a tokenizer would turn it into something else. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Reads a JSON body with all limits: size (also of a body that does not state its length), UTF-8, depth.
 *
 * @throws RequestError INVALID_INPUT or TOO_LARGE
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = decodeUtf8(await readBytes(request));
  if (text.trim() === "") throw new RequestError("INVALID_INPUT", "The body is empty; it must be a JSON object.");
  if (jsonDepth(text) > MAX_DEPTH)
    throw new RequestError("INVALID_INPUT", `The body is nested deeper than ${MAX_DEPTH} levels.`);
  const value = parseText(text);
  if (hasLoneSurrogate(value)) throw new RequestError("INVALID_INPUT", "The body holds half a character.");
  return value;
}

/** A client that leaves in the middle makes it reject: then nobody reads the answer. */
async function readBytes(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let readCount = 0;
  // The connection stays open, so that the sender of a body that is too large can read why.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    readCount += chunk.length;
    if (readCount > BODY_LIMIT_BYTES)
      throw new RequestError("TOO_LARGE", `The body is larger than ${BODY_LIMIT_BYTES / MIB} MiB.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RequestError("INVALID_INPUT", "The body is not valid UTF-8.", { cause });
  }
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RequestError("INVALID_INPUT", "The body is not valid JSON.", { cause });
  }
}

/** The deepest nesting, found without parsing: it counts brackets outside strings. */
function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return deepest;
}

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === "string") return LONE_SURROGATE.test(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => LONE_SURROGATE.test(key) || hasLoneSurrogate(inner));
}
