import { readFileSync, realpathSync, statSync } from "node:fs";
import { parse } from "@humanwhocodes/momoa";
import * as z from "zod";
import { MIB } from "@/lib/units/bytes";

/** A file larger than this was not written by or for Headroom. */
const MAX_FILE_BYTES = MIB;

/** modelconf.json as it is: our keys, and others that we keep. */
export type RawSettings = Readonly<Record<string, unknown>>;

const rawSettingsSchema = z.record(z.string(), z.unknown());

export type SettingsFileContent =
  | { readonly kind: "missing" }
  | { readonly kind: "good"; readonly raw: RawSettings }
  | { readonly kind: "bad"; readonly reason: string };

/** Changes whenever the file does, even twice in one millisecond; null if there is no file. */
export function fileStamp(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(":") : null;
}

export function readSettingsFile(path: string): SettingsFileContent {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) return { kind: "missing" };
    if (!stat.isFile()) return { kind: "bad", reason: "it is not a file" };
    if (stat.size > MAX_FILE_BYTES) return { kind: "bad", reason: `it is larger than ${MAX_FILE_BYTES / MIB} MiB` };
    return parseSettingsText(readFileSync(path));
  } catch (error) {
    return { kind: "bad", reason: error instanceof Error && "code" in error ? String(error.code) : String(error) };
  }
}

/** Editors on Windows may write a byte-order mark; that is no reason to refuse a file. */
function parseSettingsText(bytes: Buffer): SettingsFileContent {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { kind: "bad", reason: "it is not text in UTF-8" };
  }
  try {
    const raw = rawSettingsSchema.safeParse(JSON.parse(text));
    return raw.success ? { kind: "good", raw: raw.data } : { kind: "bad", reason: "it holds no JSON object" };
  } catch {
    return { kind: "bad", reason: `it is not valid JSON${firstFault(text)}` };
  }
}

const faultSchema = z.object({ line: z.int(), column: z.int(), offset: z.int() });

/** Node gives the place of a fault only in some messages, so a parser that always does is asked for it. */
function firstFault(text: string): string {
  try {
    parse(text);
    return "";
  } catch (error) {
    const fault = faultSchema.safeParse(error);
    if (!fault.success) return "";
    const { line, column, offset } = fault.data;
    const isCommaTooMany = /,\s*$/.test(text.slice(0, offset)) && /[}\]]/.test(text.charAt(offset));
    return ` (line ${line}, column ${column}${isCommaTooMany ? ": there is a comma too many before this" : ""})`;
  }
}

/** The file that a save must replace: a link to a good file stays a link. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
