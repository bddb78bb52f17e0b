import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import * as z from "zod";
import { cutPiece, splitPartNames } from "@/lib/gguf/header/split-name";
import type { TrashedModel } from "@/lib/schema/models/local-model";
import { moveFile } from "@/lib/server/system/move-file";
import { RequestError } from "@/lib/server/system/request-error";
import { systemCodeOf } from "@/lib/server/system/system-code";
import { checkFileName } from "./check-file-name";
import { TRASH_FOLDER } from "./find-model-files";
import type { ModelFiles } from "./model-files";
import { resolveInside } from "./model-path";

/** Says what a folder of the trash holds. */
const ENTRY_FILE = "entry.json";
const entrySchema = z.object({
  /** Below the library's folder that the trash is in, with "/". */
  from: z.string(),
  files: z.array(z.string()).min(1),
  fileBytes: z.number().int().min(0),
  trashedAtMs: z.number(),
});

const SPLIT_ENDING = /(?:-\d{5}-of-\d{5})?\.gguf$/i;

interface Move {
  readonly from: string;
  readonly to: string;
}

/** Renames models and moves them to the trash and back, one change after the other. All parts of a split model go together. */
export class LibraryChanges {
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly models: ModelFiles) {}

  /**
   * Gives a model another file name in its folder.
   *
   * @returns its new name in the library
   * @throws ModelFileError, RequestError; then every part has its old name
   */
  rename(name: string, fileName: string): Promise<string> {
    return this.#inTurn(async () => {
      const { path } = await this.models.resolveOwn(name);
      checkFileName(fileName);
      const stem = fileName.replace(SPLIT_ENDING, "");
      const parts = await partsOf(path);
      const moves = parts.map(part => {
        const ending = SPLIT_ENDING.exec(basename(part))?.[0] ?? ".gguf";
        return { from: part, to: join(dirname(path), `${stem}${ending}`) };
      });
      await moveAll(moves);
      return this.models.nameOf(moves[0]?.to ?? path);
    });
  }

  /** @throws ModelFileError, RequestError, the file system's error; then every part is where it was */
  moveToTrash(name: string): Promise<TrashedModel> {
    return this.#inTurn(async () => {
      const { folder, path } = await this.models.resolveOwn(name);
      const parts = await partsOf(path);
      const sizes = await Promise.all(parts.map(async part => (await lstat(part)).size));
      const id = randomUUID();
      const place = join(folder, TRASH_FOLDER, id);
      const entry = {
        from: relative(folder, path).split(sep).join("/"),
        files: parts.map(part => basename(part)),
        fileBytes: sizes.reduce((sum, size) => sum + size, 0),
        trashedAtMs: Date.now(),
      };
      await mkdir(place, { recursive: true });
      try {
        await writeFile(join(place, ENTRY_FILE), JSON.stringify(entry));
        await moveAll(parts.map(part => ({ from: part, to: join(place, basename(part)) })));
      } catch (error) {
        await dropPlace(place);
        throw error;
      }
      return { id, name, fileBytes: entry.fileBytes, trashedAtMs: entry.trashedAtMs };
    });
  }

  /** What is in the trash, newest first. */
  async listTrash(): Promise<TrashedModel[]> {
    const lists = await Promise.all(this.models.folders().map(folder => this.#trashOf(folder)));
    return lists.flat().sort((one, other) => other.trashedAtMs - one.trashedAtMs);
  }

  /**
   * Puts a model back where it was.
   *
   * @returns its name in the library
   */
  restore(id: string): Promise<string> {
    return this.#inTurn(async () => {
      for (const folder of this.models.folders()) {
        const entry = await readEntry(join(folder, TRASH_FOLDER), id);
        if (entry === null) continue;
        const path = resolveInside(folder, entry.from);
        const place = join(folder, TRASH_FOLDER, id);
        await mkdir(dirname(path), { recursive: true });
        await moveAll(entry.files.map(file => ({ from: join(place, file), to: join(dirname(path), file) })));
        await dropPlace(place);
        return this.models.nameOf(path);
      }
      throw new RequestError("NOT_FOUND", "This model is no longer in the trash.");
    });
  }

  /** Deletes what is in the trash for good. */
  emptyTrash(): Promise<void> {
    return this.#inTurn(async () => {
      for (const folder of this.models.folders())
        for (const { id } of await this.#trashOf(folder))
          await rm(join(folder, TRASH_FOLDER, id), { recursive: true, force: true });
    });
  }

  async #trashOf(folder: string): Promise<TrashedModel[]> {
    const ids = await readdir(join(folder, TRASH_FOLDER)).catch(() => []);
    const found = await Promise.all(
      ids.map(async id => {
        const entry = await readEntry(join(folder, TRASH_FOLDER), id);
        if (entry === null) return null;
        const name = this.models.nameOf(join(folder, ...entry.from.split("/")));
        return { id, name, fileBytes: entry.fileBytes, trashedAtMs: entry.trashedAtMs };
      }),
    );
    return found.filter(entry => entry !== null);
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** Removes a folder of the trash that holds no model, and only then. */
async function dropPlace(place: string): Promise<void> {
  await rm(join(place, ENTRY_FILE), { force: true });
  await rmdir(place);
}

/** The files of a model: all parts that are there. */
async function partsOf(path: string): Promise<string[]> {
  const names = splitPartNames(basename(path));
  const parts: string[] = [];
  for (const part of names[0] === basename(path) ? names.map(name => join(dirname(path), name)) : [path])
    if (await isThere(part)) parts.push(part);
  if (parts[0] !== path || !(/\.gguf$/i.test(path) || cutPiece(basename(path)) !== null))
    throw new RequestError("MODEL_NOT_FOUND", `There is no model file ${basename(path)} any more.`);
  const found = await lstat(path);
  if (!found.isFile() && !found.isSymbolicLink())
    throw new RequestError("NOT_A_FILE", `${basename(path)} is not a file.`);
  return parts;
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Moves all files or none, and replaces nothing. */
async function moveAll(moves: readonly Move[]): Promise<void> {
  for (const { from, to } of moves)
    if (from !== to && (await isThere(to)) && !(await isSameFile(from, to)))
      throw new RequestError("INVALID_INPUT", `There is a file ${basename(to)} already: choose another name.`);
  const done: Move[] = [];
  try {
    for (const move of moves) {
      await moveFile(move.from, move.to);
      done.push(move);
    }
  } catch (error) {
    for (const { from, to } of done.reverse()) await moveFile(to, from);
    throw asSentence(error, moves[0]?.from ?? "");
  }
}

/** On disks that ignore case, "a.gguf" is there when "A.gguf" is: the same file may change its case. */
async function isSameFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([lstat(one), lstat(other)]);
  return one.toLowerCase() === other.toLowerCase() && first.ino === second.ino && first.dev === second.dev;
}

export function asSentence(error: unknown, path: string, platform: NodeJS.Platform = process.platform): unknown {
  const code = systemCodeOf(error);
  // Windows has the same codes for an open file as for a folder without rights.
  if (platform === "win32" && (code === "EBUSY" || code === "EPERM" || code === "EACCES"))
    return new RequestError(
      "FORBIDDEN",
      `${basename(path)} stays as it is: another program has it open, or your account may not write in ${dirname(path)}. Close that program, or give your account the right, then try again.`,
      { cause: error },
    );
  if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") return error;
  return new RequestError(
    "FORBIDDEN",
    `The folder ${dirname(path)} is read-only, so ${basename(path)} stays as it is: give your account the right to write there.`,
    { cause: error },
  );
}

async function readEntry(trash: string, id: string): Promise<z.infer<typeof entrySchema> | null> {
  if (!z.uuid().safeParse(id).success) return null;
  try {
    const entry = entrySchema.parse(JSON.parse(await readFile(join(trash, id, ENTRY_FILE), "utf8")));
    const isPlain = [...entry.files, ...entry.from.split("/")].every(
      name => name !== "" && name !== "." && name !== ".." && basename(name) === name && !name.includes("\\"),
    );
    return isPlain ? entry : null;
  } catch {
    return null;
  }
}
