import { isAbsolute } from "node:path";
import * as z from "zod";
import { type ProgramName, programNames } from "@/lib/schema/models/program-models";
import { JsonFile } from "@/lib/server/system/json-file";
import { Listeners } from "@/lib/server/system/listeners";
import { RequestError } from "@/lib/server/system/request-error";

const MAX_FILES = 500;
const savedSchema = z.object({
  files: z.array(
    z.object({
      name: z.string().min(1),
      path: z.string().refine(isAbsolute),
      program: z.nullable(z.enum(programNames)),
    }),
  ),
});

/** A file outside the library's folders that is used where it is. */
export type AddedFile = Readonly<z.infer<typeof savedSchema>["files"][number]>;

/** The single files that were added to the library: by their path, or from another program. Nothing is changed where they are. */
export class AddedFiles {
  readonly #listeners = new Listeners();
  readonly #saved: JsonFile<typeof savedSchema>;
  #files: readonly AddedFile[];

  /** @param savedPath where the list is kept */
  constructor(savedPath: string) {
    this.#saved = new JsonFile(savedPath, savedSchema);
    this.#files = this.#saved.read()?.files ?? [];
  }

  list(): readonly AddedFile[] {
    return this.#files;
  }

  /**
   * @param label what the program calls it; with the program in front it becomes the file's name in the library
   * @returns that name; without a program it is the path
   * @throws RequestError when the list is full; the file system's error when it cannot be saved
   */
  add(path: string, program: ProgramName | null, label: string): string {
    const known = this.#files.find(file => file.path === path);
    if (known !== undefined) return known.name;
    if (this.#files.length >= MAX_FILES)
      throw new RequestError("INVALID_INPUT", `${MAX_FILES} files are in the list: take one off it first.`);
    const name = program === null ? path : this.#freeName(`${program}/${label}`);
    this.#save([...this.#files, { name, path, program }]);
    return name;
  }

  /** The file itself stays. */
  remove(name: string): void {
    if (!this.#files.some(file => file.name === name))
      throw new RequestError("NOT_FOUND", `${name} is not one of the files that are used in place.`);
    this.#save(this.#files.filter(file => file.name !== name));
  }

  readonly subscribe = this.#listeners.subscribe;

  /** Two folders of one program may hold files of the same name. */
  #freeName(usual: string): string {
    for (let number = 1; ; number++) {
      const name = number === 1 ? usual : `${usual} (${number})`;
      if (!this.#files.some(file => file.name === name)) return name;
    }
  }

  #save(files: readonly AddedFile[]): void {
    this.#saved.write({ files: [...files] });
    this.#files = files;
    this.#listeners.notify();
  }
}
