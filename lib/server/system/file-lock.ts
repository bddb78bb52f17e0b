import { closeSync, openSync } from "node:fs";
import Database from "libsql";

/**
 * Holds a file for this process. The lock is SQLite's and therefore the kernel's: it ends with the process in any case, so no stale
 * file with a process number can be wrong about it.
 *
 * @returns a function that gives the file back; null while another process holds it
 * @throws the file system's error for a file that cannot be made or written
 */
export function lockFile(path: string): (() => void) | null {
  // SQLite's own error would not say why.
  closeSync(openSync(path, "a"));
  const database = new Database(path);
  try {
    database.exec("PRAGMA busy_timeout = 0");
    database.exec("BEGIN EXCLUSIVE");
  } catch {
    database.close();
    return null;
  }
  return () => database.close();
}
