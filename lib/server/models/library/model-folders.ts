import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, resolve, sep } from "node:path";
import * as z from "zod";
import type { ModelFolder } from "@/lib/schema/models/local-model";
import { withHomeFolder } from "@/lib/server/system/environment";
import { JsonFile } from "@/lib/server/system/json-file";
import { Listeners } from "@/lib/server/system/listeners";
import { RequestError } from "@/lib/server/system/request-error";

const MAX_FOLDERS = 20;
const savedSchema = z.object({ folders: z.array(z.string()) });

interface ModelFoldersOptions {
  readonly modelsFolder: string;
  /** Where the added folders are kept. */
  readonly savedPath: string;
}

/** The folders that are searched for models: the models folder, and those that were added. */
export class ModelFolders {
  readonly #options: ModelFoldersOptions;
  readonly #listeners = new Listeners();
  readonly #saved: JsonFile<typeof savedSchema>;
  #added: readonly string[];

  constructor(options: ModelFoldersOptions) {
    this.#options = options;
    this.#saved = new JsonFile(options.savedPath, savedSchema);
    this.#added = this.#saved.read()?.folders.filter(isAbsolute) ?? [];
  }

  added(): readonly string[] {
    return this.#added;
  }

  async list(): Promise<ModelFolder[]> {
    const { modelsFolder } = this.#options;
    return Promise.all([
      problemOf(modelsFolder, false).then(problem => ({ path: modelsFolder, isAdded: false, problem })),
      ...this.#added.map(async path => ({ path, isAdded: true, problem: await problemOf(path, true) })),
    ]);
  }

  /** @throws RequestError INVALID_INPUT with the reason; the file system's error when it cannot be saved */
  async add(given: string): Promise<void> {
    const written = withHomeFolder(given.trim());
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses.
    if (/[\u0000-\u001f\u007f]/.test(written)) throw refused(given, "must not hold control characters");
    // On Windows such a path would send the user's credentials to another computer.
    if (/^[\\/]{2}/.test(written)) throw refused(given, "must not be a network path: connect it as a drive first");
    if (!isAbsolute(written)) throw refused(given, "must be a whole path, from the root of the disk");
    const path = resolve(written);
    if (dirname(path) === path) throw refused(given, "is a whole disk: give the folder of the models on it");
    const problem = await problemOf(path, true);
    if (problem !== null) throw new RequestError("INVALID_INPUT", problem);
    const real = await realpath(path);
    const others = await Promise.all(
      [this.#options.modelsFolder, ...this.#added].map(folder => realpath(folder).catch(() => folder)),
    );
    const known = others.find(other => real === other || real.startsWith(`${other}${sep}`));
    if (known !== undefined) throw refused(given, `is searched already, as part of ${known}`);
    if (this.#added.length >= MAX_FOLDERS)
      throw refused(given, `would be number ${MAX_FOLDERS + 1}; at most ${MAX_FOLDERS} can be added: remove one first`);
    this.#save([...this.#added, path]);
  }

  /** Its files stay; they are only no longer listed. */
  remove(path: string): void {
    if (!this.#added.includes(path)) throw new RequestError("NOT_FOUND", `${path} is not one of the added folders.`);
    this.#save(this.#added.filter(folder => folder !== path));
  }

  readonly subscribe = this.#listeners.subscribe;

  #save(folders: readonly string[]): void {
    this.#saved.write({ folders: [...folders] });
    this.#added = folders;
    this.#listeners.notify();
  }
}

const refused = (path: string, rule: string): RequestError =>
  new RequestError("INVALID_INPUT", `The folder ${JSON.stringify(path)} ${rule}.`);

/** @returns one sentence or two, with the next step; null when all is well */
async function problemOf(path: string, isAdded: boolean): Promise<string | null> {
  const found = await stat(path).catch(() => null);
  if (found === null)
    return isAdded
      ? `There is no folder ${path}: connect the disk that it is on, or remove it from the list.`
      : `There is no models folder ${path}: make it, or set HEADROOM_MODELS_DIR to the folder of your models and start again.`;
  if (!found.isDirectory()) return `${path} is not a folder: give the folder that the models are in.`;
  const can = (mode: number) =>
    access(path, mode).then(
      () => true,
      () => false,
    );
  if (!(await can(constants.R_OK | constants.X_OK)))
    return `The folder ${path} cannot be read: give your account the right to read it.`;
  if (!isAdded && !(await can(constants.W_OK)))
    return `The models folder ${path} is read-only: models can be used, but not downloaded, renamed or moved to the trash. Give your account the right to write there.`;
  return null;
}
