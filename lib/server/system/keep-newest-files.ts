import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Removes the files of a folder that were not written or touched for the longest. @throws the file system's error */
export async function keepNewestFiles(folder: string, most: number): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= most) return;
  const files = await Promise.all(
    names.map(async name => {
      const path = join(folder, name);
      return { path, usedAtMs: (await stat(path).catch(() => null))?.mtimeMs ?? 0 };
    }),
  );
  files.sort((one, other) => other.usedAtMs - one.usedAtMs);
  for (const { path } of files.slice(most)) await rm(path, { force: true });
}
