import { accessSync, constants, statSync } from "node:fs";
import { basename, delimiter, isAbsolute, join } from "node:path";
import { RequestError } from "@/lib/server/system/request-error";

const NAME = process.platform === "win32" ? "llama-server.exe" : "llama-server";

/** The first llama-server on PATH, or null. */
export function findLlamaServer(env: Readonly<Record<string, string | undefined>>): string | null {
  const folders = (env.PATH ?? "").split(delimiter).filter(isAbsolute);
  return folders.map(folder => join(folder, NAME)).find(isProgram) ?? null;
}

/**
 * A program that the user chose. Only a file of this name is ever started.
 *
 * @throws RequestError INVALID_INPUT
 */
export function requireLlamaServer(path: string): string {
  if (!isAbsolute(path)) throw refused(path, "must be a whole path, from the root of the disk");
  if (basename(path) !== NAME) throw refused(path, `must be a file with the name ${NAME}`);
  if (!isProgram(path)) throw refused(path, "is no program that your account may run");
  return path;
}

const refused = (path: string, rule: string): RequestError =>
  new RequestError("INVALID_INPUT", `The path ${JSON.stringify(path)} ${rule}.`);

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
