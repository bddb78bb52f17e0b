import { mkdirSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { StartError } from "./start-error";

/**
 * Holds the data folder for this process: two would overwrite each other's settings and chats. The lock is SQLite's, and so the kernel's: it ends with the process however
 * that dies, and no stale file with a process number can lie about it.
 *
 * @returns a function that gives the folder back
 * @throws StartError
 */
export function lockDataFolder(dataFolder: string): () => void {
  mkdirSync(dataFolder, { recursive: true });
  const database = new Database(join(dataFolder, "instance.lock"));
  try {
    database.exec("PRAGMA busy_timeout = 0");
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw new StartError(
      `Another Headroom is working in ${dataFolder}: use that one, stop it, or give this one its own HEADROOM_HOME.`,
      { cause },
    );
  }
  return () => database.close();
}
