import { randomUUID } from "node:crypto";
import { existsSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open, readdir, readFile, rm, rmdir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { errorBodySchema } from "@/lib/schema/api-error";
import { lockFile } from "@/lib/server/system/file-lock";
import { makeFolder } from "@/lib/server/system/make-folder";
import { moveFile } from "@/lib/server/system/move-file";
import { isOfFullDisk, lostFile } from "./download-error";

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
/** The smallest page of any system that Headroom runs on. */
const PAGE_BYTES = 4096;
/** Held by the Headroom whose downloads these are: another one, with another home, may use the same models folder. */
const LOCK = "lock";

/**
 * Unfinished downloads: `.downloads` in the models folder, so that a finished file is only renamed. No name in it ends in .gguf:
 * the library never lists half a file. Each download has a record, `<id>.json`, and a file for each part, `<id>.<n>.part`.
 */
export class DownloadFolder {
  #unlock: (() => void) | null = null;
  #isTaken = false;
  readonly #removed = new Set<string>();
  #last: Promise<void> = Promise.resolve();

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

  /**
   * Takes the unfinished downloads for this process, until nothing is unfinished or it ends.
   *
   * @returns "known" if they are this process's already; "taken" while another process has them. "free" as well where the folder
   * cannot be written to: the download itself says why.
   */
  own(): "known" | "free" | "taken" {
    // Somebody may have removed the models folder, and made it again.
    if (this.#unlock !== null && existsSync(join(this.#path, LOCK))) return "known";
    this.giveBack();
    try {
      this.#unlock = isFolder(this.modelsFolder) ? this.#lock() : null;
    } catch {
      // Told by the download.
    }
    return this.#isTaken ? "taken" : "free";
  }

  #lock(): (() => void) | null {
    makeFolder(this.#path);
    const path = join(this.#path, LOCK);
    const inode = inodeOf(path);
    const unlock = lockFile(path);
    const now = inodeOf(path);
    // Its holder removes the file when it has nothing to fetch any more; a lock on a removed file holds nothing.
    const isRemoved = now === null || (inode !== null && now !== inode);
    this.#isTaken = unlock === null || isRemoved;
    if (!this.#isTaken) return unlock;
    unlock?.();
    return null;
  }

  giveBack(): void {
    this.#unlock?.();
    this.#unlock = null;
    this.#isTaken = false;
  }

  /** Whether an earlier run left something. */
  async hasLeftovers(): Promise<boolean> {
    return (await this.#names()).length > 0;
  }

  /** The records of the last time, oldest first. */
  async readAll(): Promise<DownloadRecord[]> {
    const names = (await this.#names()).filter(name => name.endsWith(".json"));
    const records = await Promise.all(names.map(name => this.#read(name)));
    return records.filter(record => record !== null).sort((one, other) => one.addedAtMs - other.addedAtMs);
  }

  /** Removes files without a record, when a server starts: nobody can go on with them. Copies from a browser begin later. */
  async removeOrphans(): Promise<void> {
    const known = new Set((await this.readAll()).map(({ id }) => id));
    for (const name of await this.#names())
      if (!known.has(name.split(".")[0] ?? "")) await rm(join(this.#path, name), { force: true });
    await this.removeIfEmpty();
  }

  async #names(): Promise<string[]> {
    const names = await readdir(this.#path).catch((): string[] => []);
    return names.filter(name => name !== LOCK);
  }

  /** Replaces the record whole. Unlike `replaceFile` it does not stop the server while the disk is busy with the model. */
  save(record: DownloadRecord): Promise<void> {
    return this.#inTurn(() => this.#save(record));
  }

  /**
   * Writes down how far a download has come: often, so into the record's own place. Each write is within a page of the system's cache,
   * so one that is cut off by a crash is not begun. It does not wait for the disk, and neither do the bytes that it records.
   */
  note(record: DownloadRecord): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#mayWrite(record)) return;
      const text = JSON.stringify(record);
      const isNoted = Buffer.byteLength(text) <= PAGE_BYTES && (await writeWithin(this.#recordPath(record), text));
      if (!isNoted) await this.#save(record);
    });
  }

  #mayWrite({ id }: DownloadRecord): boolean {
    return !this.#isTaken && !this.#removed.has(id);
  }

  #recordPath({ id }: DownloadRecord): string {
    return join(this.#path, `${id}.json`);
  }

  /** Two windows may press at the same moment: each writes or removes the record when the other has done so. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #save(record: DownloadRecord): Promise<void> {
    if (!this.#mayWrite(record)) return;
    // A models folder that is gone is not made again: it may be on a disk that is not connected.
    if (!isFolder(this.modelsFolder)) throw lostFile(record.name, this.modelsFolder);
    makeFolder(this.#path);
    const path = this.#recordPath(record);
    const text = JSON.stringify(record);
    try {
      await replaceWhole(path, text);
    } catch (error) {
      // A full disk has no room for a second record, but the first one's room can be written again.
      if (!isOfFullDisk(error) || !existsSync(path)) throw error;
      await writeOver(path, text);
    }
  }

  async removeParts({ id, parts }: DownloadRecord): Promise<void> {
    for (const index of (parts ?? []).keys()) await rm(this.partPath(id, index), { force: true });
  }

  remove(record: DownloadRecord): Promise<void> {
    return this.#inTurn(async () => {
      this.#removed.add(record.id);
      await this.removeParts(record);
      await rm(this.#recordPath(record), { force: true });
      await this.removeIfEmpty();
    });
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
      await moveFile(this.partPath(id, index), path);
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
  async removeIfEmpty(): Promise<void> {
    const hasRecords = (await this.#names()).some(name => name.endsWith(".json"));
    if (this.#unlock !== null && !hasRecords) {
      // Removed while it is held, so that whoever opens it now finds out that it is gone. Windows does not remove an open file.
      if (process.platform === "win32") this.giveBack();
      rmSync(join(this.#path, LOCK), { force: true });
      this.giveBack();
    }
    await rmdir(this.#path).catch(() => {});
  }
}

async function replaceWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeTo(await open(temporary, "w"), text);
    await moveFile(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

const writeOver = async (path: string, text: string): Promise<void> => writeTo(await open(path, "r+"), text);

async function writeTo(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text);
    await file.truncate(Buffer.byteLength(text));
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** @returns false where the record is not there, or is longer than a page: then it is to be replaced */
async function writeWithin(path: string, text: string): Promise<boolean> {
  const file = await open(path, "r+").catch(() => null);
  if (file === null) return false;
  try {
    const { size } = await file.stat();
    // Spaces behind a shorter text, because cutting the file would be a second step.
    if (size <= PAGE_BYTES) await file.write(text + " ".repeat(Math.max(0, size - Buffer.byteLength(text))), 0);
    return size <= PAGE_BYTES;
  } finally {
    await file.close();
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
const inodeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.ino ?? null;

export const newRecord = (source: string, name: string, addedAtMs: number): DownloadRecord => ({
  id: randomUUID(),
  source,
  name,
  addedAtMs,
  isPaused: false,
  error: null,
  parts: null,
});
