import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { withHomeFolder } from "@/lib/server/system/environment";
import type { AddedFiles } from "./added-files";
import { ModelFileError } from "./model-file-error";
import type { ModelFiles } from "./model-files";
import { resolveAbsolute } from "./model-path";

interface AddByPathServices {
  readonly models: Pick<ModelFiles, "nameOf" | "isInFolders" | "readChatProfile">;
  readonly addedFiles: Pick<AddedFiles, "add">;
}

/**
 * Puts a file into the library by its whole path, as people paste it: in quotes, with "~", as a file:// address. Its header is read
 * first. A file of the library's folders is there already.
 *
 * @returns its name in the library
 * @throws ModelFileError, GgufFormatError. What is not there and what is no GGUF file get the same answer.
 */
export async function addByPath({ models, addedFiles }: AddByPathServices, text: string): Promise<string> {
  const written = pathIn(text);
  if (!isAbsolute(written))
    throw new ModelFileError(
      "INVALID_INPUT",
      `${JSON.stringify(text.slice(0, 256))} is not a whole path: begin at the root of the disk.`,
    );
  const path = resolve(await resolveAbsolute(written, false));
  await models.readChatProfile(path);
  return models.isInFolders(path) ? models.nameOf(path) : addedFiles.add(path, null, path);
}

function pathIn(text: string): string {
  const bare = text.trim().replace(/^(["'])(.*)\1$/, "$2");
  if (!/^file:/i.test(bare)) return withHomeFolder(bare);
  try {
    return fileURLToPath(bare);
  } catch {
    return bare;
  }
}
