import nodeFiles from "node:fs";
import { dirname } from "node:path";
import { moveFileSync } from "./move-file";

/** The system calls of a save, in the order they are made; tests cut the power between any two. */
export type ReplaceFiles = Pick<
  typeof nodeFiles,
  "openSync" | "writeFileSync" | "fsyncSync" | "closeSync" | "copyFileSync" | "renameSync" | "rmSync"
>;

interface ReplaceOptions {
  readonly files?: ReplaceFiles;
  /** The old content is kept here. */
  readonly backupPath?: string | null;
  /** Rights of the new file, for one with secrets; otherwise those of any new file. */
  readonly mode?: number;
  /** Called last: false if another program wrote meanwhile, and then nothing is replaced. */
  readonly isStillCurrent?: () => boolean;
}

export const temporaryPath = (path: string): string => `${path}.tmp`;

/**
 * Replaces a file with `text` so that a crash or a power cut at any moment leaves either the old or the new content,
 * whole: it is written beside the file, flushed to the disk, then renamed.
 *
 * @returns whether the file was replaced
 */
export function replaceFile(path: string, text: string, options: ReplaceOptions = {}): boolean {
  const { files = nodeFiles, backupPath = null, mode, isStillCurrent = () => true } = options;
  const temporary = temporaryPath(path);
  try {
    writeThrough(temporary, text, files, mode);
    if (backupPath !== null) keepBackup(path, backupPath, files);
    if (!isStillCurrent()) return false;
    moveFileSync(temporary, path, { rename: files.renameSync });
    flushFolder(dirname(path), files);
    return true;
  } finally {
    files.rmSync(temporary, { force: true });
  }
}

function writeThrough(path: string, text: string, files: ReplaceFiles, mode?: number): void {
  const handle = files.openSync(path, "w", mode);
  try {
    files.writeFileSync(handle, text);
    files.fsyncSync(handle);
  } finally {
    files.closeSync(handle);
  }
}

/** The backup is replaced whole as well: a crash while copying must not cost the only good copy. */
function keepBackup(path: string, backupPath: string, files: ReplaceFiles): void {
  const temporary = temporaryPath(backupPath);
  try {
    files.copyFileSync(path, temporary);
    moveFileSync(temporary, backupPath, { rename: files.renameSync });
  } finally {
    files.rmSync(temporary, { force: true });
  }
}

/** A rename is safe only once its folder is on the disk. Windows has no such call and needs none. */
function flushFolder(path: string, files: ReplaceFiles): void {
  if (process.platform === "win32") return;
  const handle = files.openSync(path, "r");
  try {
    files.fsyncSync(handle);
  } finally {
    files.closeSync(handle);
  }
}
