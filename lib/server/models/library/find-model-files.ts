import { readdir, readlink, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { cutPiece } from "@/lib/gguf/header/split-name";
import { ModelFileError } from "./model-file-error";

/** How deep folders may be nested; links to folders elsewhere are followed. */
const MAX_FOLDER_DEPTH = 4;
/** Holds what was moved to the trash. It is in the library's folder, so that a move copies nothing. */
export const TRASH_FOLDER = ".headroom-trash";
/** The headers of models elsewhere, below the data folder. */
export const HEADERS_FOLDER = "remote-headers";

/** Something in a folder that may be a model, or why it cannot be. */
export interface FoundModel {
  readonly path: string;
  readonly problem: ModelFileError | null;
}

const isModelName = (name: string): boolean => name.toLowerCase().endsWith(".gguf") || cutPiece(name) !== null;
/** A link leads to a model, or to a folder of models. */
const mayBeLinkedModels = (name: string): boolean => isModelName(name) || !name.includes(".");

/** Every file below a folder that is named like a model, by path. */
export async function findModelFiles(folder: string): Promise<FoundModel[]> {
  const found = await findModels(folder, MAX_FOLDER_DEPTH, new Set());
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** @param above real paths of the folders on the way here: a link to one of them makes a circle */
async function findModels(folder: string, depth: number, above: ReadonlySet<string>): Promise<FoundModel[]> {
  const real = await realpath(folder).catch(() => folder);
  if (above.has(real)) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => cause);
  if (!Array.isArray(entries)) {
    const problem = new ModelFileError("NOT_A_FILE", `The folder ${folder} cannot be read (${entries.code}).`);
    return above.size === 0 ? [] : [{ path: folder, problem }];
  }
  const found: FoundModel[] = [];
  for (const entry of entries) {
    // Headers of models elsewhere have zeros for weights: a folder above Headroom's data may have been added.
    if (entry.name === TRASH_FOLDER || entry.name === HEADERS_FOLDER) continue;
    const path = join(folder, entry.name);
    const target = entry.isSymbolicLink() ? await linkTarget(path) : entry;
    if (target instanceof ModelFileError) {
      if (mayBeLinkedModels(entry.name)) found.push({ path, problem: target });
    } else if (target.isDirectory()) {
      if (depth > 0) found.push(...(await findModels(path, depth - 1, new Set([...above, real]))));
    } else if (isModelName(entry.name)) found.push({ path, problem: null });
  }
  return found;
}

async function linkTarget(path: string): Promise<{ isDirectory(): boolean } | ModelFileError> {
  try {
    return await stat(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    const target = await readlink(path).catch(() => "somewhere");
    return new ModelFileError(
      "MODEL_NOT_FOUND",
      code === "ENOENT"
        ? `This is a link to ${target}, and nothing is there: connect the disk that it is on, or remove the link.`
        : `This is a link to ${target}, which cannot be followed (${code}): link it to a file that is there, or remove it.`,
      { cause },
    );
  }
}
