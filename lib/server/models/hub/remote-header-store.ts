import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { splitPartNames } from "@/lib/gguf/header/split-name";
import { makeFolder } from "@/lib/server/system/make-folder";
import { makeSparse } from "@/lib/server/system/make-sparse";
import { moveFile } from "@/lib/server/system/move-file";
import type { RemotePart, RemoteVersion } from "./remote-header";

const recordSchema = z.object({
  parts: z
    .array(z.object({ name: z.string(), fileBytes: z.int(), headerBytes: z.int(), etag: z.string().nullable() }))
    .min(1),
});
type KeptRecord = z.infer<typeof recordSchema>;

/** The headers of one model, as files. */
export interface KeptHeader {
  /** The only part, or the first. */
  readonly path: string;
  readonly versions: readonly RemoteVersion[];
  /** When the server was last asked whether this is still its version. */
  readonly checkedAtMs: number;
}

export interface StoreLimits {
  readonly models: number;
  /** The space used on the disk: only headers; the rest of the files are holes. */
  readonly headerBytes: number;
}

const USUAL_LIMITS: StoreLimits = { models: 32, headerBytes: 256 * 1024 * 1024 };
/** Written last, and touched whenever the version was checked. */
const RECORD = "record.json";
const DRAFT = ".part";
/** Writing a header never takes this long: an older file was left by a crash. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;
const SAME_TIME = new Date(0);

/**
 * Headers of remote models as sparse files of the models' full size: lib/gguf and llama.cpp's dry run treat them like other
 * models. Each is named after its address and content and always gets the same file time, so that a surface sampled from
 * one is found again even after the header itself was dropped.
 */
export class RemoteHeaderStore {
  constructor(
    private readonly folder: string,
    private readonly limits: StoreLimits = USUAL_LIMITS,
  ) {}

  /** The complete headers kept for this address. */
  async find(address: string): Promise<KeptHeader | null> {
    for (const name of await this.#foldersOf(address)) {
      const kept = await readKept(join(this.folder, name));
      if (kept !== null) return kept;
    }
    return null;
  }

  /** Notes that the server still has this version. */
  async confirm(address: string): Promise<void> {
    const now = new Date();
    for (const name of await this.#foldersOf(address)) await utimes(join(this.folder, name, RECORD), now, now);
  }

  /**
   * Replaces what was kept for this address with these headers, and drops the models that were not used for longest.
   *
   * @returns path of the only part, or of the first
   * @throws the file system's error
   */
  async keep(address: string, parts: readonly RemotePart[]): Promise<string> {
    const stale = await this.#foldersOf(address);
    const folder = join(this.folder, `${shortHash(address)}-${contentHash(parts)}`);
    const draft = `${folder}.${randomUUID()}${DRAFT}`;
    try {
      const record = await writeParts(draft, parts);
      await Promise.all(stale.map(name => removeFolder(join(this.folder, name))));
      await moveFile(draft, folder);
      await this.#dropOldest();
      return join(folder, record.parts[0]?.name ?? "");
    } finally {
      await removeFolder(draft);
    }
  }

  async #foldersOf(address: string): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    return names.filter(name => name.startsWith(`${shortHash(address)}-`) && !name.endsWith(DRAFT));
  }

  async #dropOldest(): Promise<void> {
    const kept: { folder: string; headerBytes: number; usedAtMs: number }[] = [];
    for (const name of await readdir(this.folder)) {
      const folder = join(this.folder, name);
      const record = await readRecord(folder);
      const usedAtMs = await modifiedAtMs(record === null ? folder : join(folder, RECORD));
      if (record !== null) kept.push({ folder, headerBytes: headerBytesOf(record), usedAtMs });
      else if (Date.now() - usedAtMs > ABANDONED_AFTER_MS) await removeFolder(folder);
    }
    kept.sort((one, other) => other.usedAtMs - one.usedAtMs);
    let headerBytes = 0;
    for (const [index, model] of kept.entries()) {
      headerBytes += model.headerBytes;
      const isOver = index >= this.limits.models || headerBytes > this.limits.headerBytes;
      if (isOver && index > 0) await removeFolder(model.folder);
    }
  }
}

/** We choose these names: a name from a server or a user never reaches the disk. */
const partNames = (count: number): readonly string[] =>
  count === 1 ? ["model.gguf"] : splitPartNames(`model-00001-of-${count.toString().padStart(5, "0")}.gguf`);

async function writeParts(folder: string, parts: readonly RemotePart[]): Promise<KeptRecord> {
  const names = partNames(parts.length);
  const record: KeptRecord = { parts: [] };
  makeFolder(folder);
  for (const [index, { bytes, fileBytes, etag }] of parts.entries()) {
    const name = names[index] ?? "";
    const path = join(folder, name);
    await writeFile(path, "");
    await makeSparse(path);
    await writeFile(path, bytes, { flag: "r+" });
    await truncate(path, fileBytes);
    await utimes(path, SAME_TIME, SAME_TIME);
    record.parts.push({ name, fileBytes, headerBytes: bytes.byteLength, etag });
  }
  await writeFile(join(folder, RECORD), JSON.stringify(record));
  return record;
}

async function readKept(folder: string): Promise<KeptHeader | null> {
  const record = await readRecord(folder);
  const [first] = record?.parts ?? [];
  if (record === null || first === undefined) return null;
  const sizes = await Promise.all(record.parts.map(({ name }) => stat(join(folder, name)).catch(() => null)));
  if (record.parts.some(({ fileBytes }, index) => sizes[index]?.size !== fileBytes)) return null;
  return {
    path: join(folder, first.name),
    versions: record.parts.map(({ fileBytes, etag }) => ({ fileBytes, etag })),
    checkedAtMs: await modifiedAtMs(join(folder, RECORD)),
  };
}

async function readRecord(folder: string): Promise<KeptRecord | null> {
  try {
    return recordSchema.safeParse(JSON.parse(await readFile(join(folder, RECORD), "utf8"))).data ?? null;
  } catch {
    return null;
  }
}

const headerBytesOf = ({ parts }: KeptRecord): number => parts.reduce((sum, part) => sum + part.headerBytes, 0);

const modifiedAtMs = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.mtimeMs ?? 0;

const removeFolder = (path: string): Promise<void> => rm(path, { recursive: true, force: true });

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 24);

function contentHash(parts: readonly RemotePart[]): string {
  const hash = createHash("sha256");
  for (const { bytes, fileBytes } of parts) hash.update(`${bytes.byteLength} ${fileBytes} `).update(bytes);
  return hash.digest("hex").slice(0, 24);
}
