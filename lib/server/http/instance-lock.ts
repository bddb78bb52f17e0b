import { join } from "node:path";
import { lockFile } from "@/lib/server/system/file-lock";
import { makeFolder } from "@/lib/server/system/make-folder";
import { StartError } from "@/lib/server/system/start-error";

/** Another process works in the data folder. */
export class FolderInUseError extends StartError {}

/**
 * Holds the data folder for this process: two processes would overwrite each other's settings and chats.
 *
 * @returns a function that gives the folder back
 * @throws StartError
 */
export function lockDataFolder(dataFolder: string): () => void {
  const unlock = tryLock(dataFolder);
  if (unlock !== null) return unlock;
  throw new FolderInUseError(
    `Another Headroom is working in ${dataFolder}: use that one, stop it, or give this one its own HEADROOM_HOME.`,
  );
}

function tryLock(dataFolder: string): (() => void) | null {
  try {
    makeFolder(dataFolder);
    return lockFile(join(dataFolder, "instance.lock"));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    throw new StartError(
      `The data folder ${dataFolder} cannot be made (${code}): set HEADROOM_HOME to a folder that you can write to.`,
      { cause },
    );
  }
}
