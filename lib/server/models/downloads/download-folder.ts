import { randomUUID } from "node:crypto";
import { open, readdir, readFile, rename, rm, rmdir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { errorBodySchema } from "@/lib/schema/api-error";
import { makeFolder } from "@/lib/server/system/make-folder";

const bytes = z.number().int().min(0);
const recordSchema = z.object({
  id: z.uuid(),
  source: z.string(),
  name: z.string(),
  addedAtMs: z.number(),
  isPaused: z.boolean(),
  error: z.nullable(errorBodySchema),
  /** null until the server was asked. */
  parts: z.nullable(
    z.array(
      z.object({
        fileBytes: bytes,
        etag: z.nullable(z.string()),
        sha256: z.nullable(z.string()),
        segments: z.array(z.object({ nextBytes: bytes, endBytes: bytes })),
      }),
    ),
  ),
});
/** What is kept of a download on the disk. */
export type DownloadRecord = z.infer<typeof recordSchema>;

const FOLDER = ".downloads";

/**
 * Unfinished downloads: `.downloads` in the models folder, so that a finished file is only renamed. No name in it ends in .gguf:
 * the library never lists half a file. Each download has a record, `<id>.json`, and a file for each part, `<id>.<n>.part`.
 */
export class DownloadFolder {
  constructor(readonly modelsFolder: string) {}

  get #path(): string {
    return join(this.modelsFolder, FOLDER);
  }

  partPath(id: string, index: number): string {
    return join(this.#path, `${id}.${index}.part`);
  }

  placePath(name: string): string {
    return join(this.modelsFolder, ...name.split("/"));
  }

  /** The records of the last time, oldest first. Part files without one are removed: nobody can go on with them. */
  async readAll(): Promise<DownloadRecord[]> {
    const names = await readdir(this.#path).catch((): string[] => []);
    const read = await Promise.all(names.filter(name => name.endsWith(".json")).map(name => this.#read(name)));
    const records = read.filter(record => record !== null).sort((one, other) => one.addedAtMs - other.addedAtMs);
    const known = new Set(records.map(({ id }) => id));
    for (const name of names)
      if (!known.has(name.split(".")[0] ?? "")) await rm(join(this.#path, name), { force: true });
    if (names.length > 0) await this.removeIfEmpty();
    return records;
  }

  /** Replaces the record whole. Unlike `replaceFile` it does not stop the server while the disk is busy with the model. */
  async save(record: DownloadRecord): Promise<void> {
    makeFolder(this.#path);
    const path = join(this.#path, `${record.id}.json`);
    const temporary = `${path}.tmp`;
    try {
      const file = await open(temporary, "w");
      try {
        await file.writeFile(JSON.stringify(record));
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async removeParts({ id, parts }: DownloadRecord): Promise<void> {
    for (const index of (parts ?? []).keys()) await rm(this.partPath(id, index), { force: true });
  }

  async remove(record: DownloadRecord): Promise<void> {
    await this.removeParts(record);
    await rm(join(this.#path, `${record.id}.json`), { force: true });
    await this.removeIfEmpty();
  }

  /** Room for files of this user, in bytes. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.modelsFolder);
    return bavail * bsize;
  }

  /** Moves each part to its place; the first one last, because the library lists a split model by it. */
  async place(id: string, names: readonly string[]): Promise<void> {
    for (const [index, name] of [...names.entries()].reverse()) {
      const path = this.placePath(name);
      makeFolder(dirname(path));
      await rename(this.partPath(id, index), path);
    }
  }

  async #read(name: string): Promise<DownloadRecord | null> {
    try {
      return recordSchema.parse(JSON.parse(await readFile(join(this.#path, name), "utf8")));
    } catch {
      return null;
    }
  }

  /** Nothing of ours stays in the models folder when nothing is unfinished. */
  removeIfEmpty(): Promise<void> {
    return rmdir(this.#path).catch(() => {});
  }
}

export const newRecord = (source: string, name: string, addedAtMs: number): DownloadRecord => ({
  id: randomUUID(),
  source,
  name,
  addedAtMs,
  isPaused: false,
  error: null,
  parts: null,
});
