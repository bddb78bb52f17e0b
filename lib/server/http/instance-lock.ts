import { join } from "node:path";
import Database from "libsql";
import { makeFolder } from "@/lib/server/system/make-folder";
import { StartError } from "@/lib/server/system/start-error";

/** Another process works in the data folder. */
export class FolderInUseError extends StartError {}

/**
 * Holds the data folder for this process: two processes would overwrite each other's settings and chats. The lock is SQLite's and
 * therefore the kernel's: it ends with the process in any case, so no stale file with a process number can be wrong about it.
 *
 * @returns a function that gives the folder back
 * @throws StartError
 */
export function lockDataFolder(dataFolder: string): () => void {
  try {
    makeFolder(dataFolder);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    throw new StartError(
      `The data folder ${dataFolder} cannot be made (${code}): set HEADROOM_HOME to a folder that you can write to.`,
      { cause },
    );
  }
  const database = new Database(join(dataFolder, "instance.lock"));
  try {
    database.exec("PRAGMA busy_timeout = 0");
    database.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw new FolderInUseError(
      `Another Headroom is working in ${dataFolder}: use that one, stop it, or give this one its own HEADROOM_HOME.`,
      { cause },
    );
  }
  return () => database.close();
}
