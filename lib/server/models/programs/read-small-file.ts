import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { MIB } from "@/lib/units/bytes";

/** A list of layers or a program's settings has a few kilobytes. */
const MAX_BYTES = MIB;

/** The text of a regular file of another program; null for everything else: a pipe would wait, and a device has no end. */
export async function readSmallFile(path: string): Promise<string | null> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => null);
  if (file === null) return null;
  try {
    const found = await file.stat();
    return found.isFile() && found.size <= MAX_BYTES ? await file.readFile("utf8") : null;
  } catch {
    return null;
  } finally {
    await file.close();
  }
}
