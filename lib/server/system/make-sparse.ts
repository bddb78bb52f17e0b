import { execFile } from "node:child_process";
import { join } from "node:path";

/** A call that does not come back is not waited for: the file is only slower without it. */
const LIMIT_MS = 5_000;

/** Runs a program; false if it failed or is missing. */
type RunProgram = (program: string, args: readonly string[]) => Promise<boolean>;

const run: RunProgram = (program, args) =>
  new Promise(resolve => {
    execFile(program, args, { timeout: LIMIT_MS, windowsHide: true }, error => resolve(error === null));
  });

interface SparseOptions {
  readonly platform?: NodeJS.Platform;
  readonly systemFolder?: string;
  readonly run?: RunProgram;
}

/**
 * Lets a file have gaps that take no room on the disk. On Linux and macOS every file may. On Windows one has to be marked: otherwise it takes
 * room for its whole length, and a write behind its end first fills everything before it with zeros. Some disks cannot (FAT, exFAT).
 *
 * @param path of a file that is still empty
 */
export async function makeSparse(path: string, options: SparseOptions = {}): Promise<void> {
  const { platform = process.platform, systemFolder = process.env.SystemRoot ?? "C:\\Windows" } = options;
  if (platform !== "win32") return;
  await (options.run ?? run)(join(systemFolder, "System32", "fsutil.exe"), ["sparse", "setflag", path]);
}
