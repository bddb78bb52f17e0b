import { renameSync } from "node:fs";
import { rename } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { systemCodeOf } from "./system-code";

/** Windows renames no file that another program has open. A virus scanner or a search index opens each new file for some milliseconds. */
const BUSY_CODES: ReadonlySet<string> = new Set(["EPERM", "EACCES", "EBUSY"]);
/** One second and a quarter together. */
const WAITS_MS = [10, 20, 40, 80, 160, 320, 640] as const;

interface MoveOptions<Rename> {
  readonly rename?: Rename;
  readonly platform?: NodeJS.Platform;
  readonly waitsMs?: readonly number[];
}

const isBusy = (error: unknown, platform: NodeJS.Platform): boolean =>
  platform === "win32" && BUSY_CODES.has(systemCodeOf(error));

/**
 * Renames a file or folder. On Windows it tries again for a while if another program has it open.
 *
 * @throws the file system's error
 */
export async function moveFile(
  from: string,
  to: string,
  { rename: once = rename, platform = process.platform, waitsMs = WAITS_MS }: MoveOptions<typeof rename> = {},
): Promise<void> {
  for (const waitMs of waitsMs)
    try {
      return await once(from, to);
    } catch (error) {
      if (!isBusy(error, platform)) throw error;
      await wait(waitMs);
    }
  await once(from, to);
}

/** The same for a caller that cannot wait otherwise: a save in the middle of a change. */
export function moveFileSync(
  from: string,
  to: string,
  { rename: once = renameSync, platform = process.platform, waitsMs = WAITS_MS }: MoveOptions<typeof renameSync> = {},
): void {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  for (const waitMs of waitsMs)
    try {
      once(from, to);
      return;
    } catch (error) {
      if (!isBusy(error, platform)) throw error;
      Atomics.wait(nobody, 0, 0, waitMs);
    }
  once(from, to);
}
