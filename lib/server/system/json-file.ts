import { chmodSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import { makeFolder } from "./make-folder";
import { replaceFile } from "./replace-file";

/** For files with secrets. */
export const OWNER_ONLY = 0o600;

/** One value in a file. It is replaced as a whole. */
export class JsonFile<Schema extends z.core.$ZodType> {
  /** @param mode the file's rights; those of any new file if left out */
  constructor(
    private readonly path: string,
    private readonly schema: Schema,
    private readonly mode?: number,
  ) {}

  /** null if there is no file, or it cannot be read, or holds something else. */
  read(): z.output<Schema> | null {
    try {
      return z.parse(this.schema, JSON.parse(readFileSync(this.path, "utf8")));
    } catch {
      return null;
    }
  }

  /** @throws the file system's error; then nothing changed */
  write(value: z.output<Schema>): void {
    makeFolder(dirname(this.path));
    const { mode } = this;
    replaceFile(this.path, `${JSON.stringify(value, null, 2)}\n`, mode === undefined ? {} : { mode });
    // A file that somebody made by hand may have had other rights, which a system may keep.
    if (mode !== undefined) chmodSync(this.path, mode);
  }
}
