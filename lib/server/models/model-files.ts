import { readdir } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import type { ModelProfile } from "@/lib/gguf/model-profile";
import type { LocalModel } from "@/lib/schema/local-model";
import { isRemoteSource } from "@/lib/schema/model-source";
import { errorAnswer } from "@/lib/server/web/error-table";
import { checkChatModel } from "./check-chat-model";
import { type FileIdentity, identifyModel, readGgufProfile } from "./gguf-file";
import { ModelFileError } from "./model-file-error";
import { resolveAbsolute, resolveInside } from "./model-path";

/** Folders of folders are fine; a link that leads in a circle is not followed for ever. */
const MAX_FOLDER_DEPTH = 4;
/** Profiles of big models hold a thousand tensors each. */
const MAX_KEPT_PROFILES = 100;

export interface ModelFilesOptions {
  readonly modelsFolder: string;
  /** Whether the owner of this computer chose this absolute path (in modelconf.json or on the command line). */
  readonly isTrusted?: (absolutePath: string) => boolean;
}

/** A file of the library, without the plan for it. */
export type ListedModel = Omit<LocalModel, "plan">;

/** The GGUF files on this computer: finds them by name, reads their headers, and refuses everything else. */
export class ModelFiles {
  readonly #modelsFolder: string;
  readonly #isTrusted: (absolutePath: string) => boolean;
  readonly #profiles = new Map<string, { readonly identity: FileIdentity; readonly profile: ModelProfile }>();

  constructor({ modelsFolder, isTrusted = () => false }: ModelFilesOptions) {
    this.#modelsFolder = modelsFolder;
    this.#isTrusted = isTrusted;
  }

  /**
   * Path of what MODEL says: below the models folder, or absolute. The file itself may still be missing.
   *
   * @throws ModelFileError
   */
  async resolveModel(name: string): Promise<string> {
    if (isRemoteSource(name))
      throw new ModelFileError("MODEL_NOT_FOUND", `${name} is not on this computer: download it to load it.`);
    if (!isAbsolute(name)) return this.resolveInside(name);
    const below = this.nameOf(name);
    return isAbsolute(below) ? resolveAbsolute(name, this.#isTrusted(name)) : this.resolveInside(below);
  }

  /** Path of a file in the library, for what only the library may be asked for (deleting, for example). */
  resolveInside(name: string): Promise<string> {
    return resolveInside(this.#modelsFolder, name);
  }

  /** What MODEL is set to for this path: relative to the models folder where it is below it. */
  nameOf(path: string): string {
    const way = relative(this.#modelsFolder, path);
    const isBelow = way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
    return isBelow ? way.split(sep).join("/") : path;
  }

  identify(path: string): Promise<FileIdentity> {
    return identifyModel(path);
  }

  /**
   * Reads the header, unless this very file was read before.
   *
   * @throws ModelFileError, GgufFormatError
   */
  async readProfile(path: string): Promise<ModelProfile> {
    const identity = await identifyModel(path);
    const known = this.#profiles.get(path);
    if (known !== undefined && isSameFile(known.identity, identity)) return known.profile;
    const profile = await readGgufProfile(path);
    this.#keep(identity, profile);
    return profile;
  }

  /**
   * The same for a model that is to be chatted with.
   *
   * @throws ModelFileError, GgufFormatError
   */
  async readChatProfile(path: string): Promise<ModelProfile> {
    const profile = await this.readProfile(path);
    checkChatModel(profile, this.nameOf(path));
    return profile;
  }

  /** Everything below the models folder that is called .gguf, by name. */
  async listModels(): Promise<ListedModel[]> {
    const paths = await findGgufFiles(this.#modelsFolder, MAX_FOLDER_DEPTH);
    const listed: ListedModel[] = [];
    for (const path of paths.sort()) {
      const model = await this.#list(path);
      if (model !== null) listed.push(model);
    }
    return listed;
  }

  /** @returns null for a later part of a split model, which is no model of its own, and for a file that just vanished */
  async #list(path: string): Promise<ListedModel | null> {
    const name = this.nameOf(path);
    const identity = await identifyModel(path).catch(() => null);
    if (identity === null) return null;
    const file = { name, fileBytes: identity.bytes, modifiedAtMs: identity.modifiedAtMs };
    try {
      await this.resolveInside(name);
      const profile = await this.readProfile(path);
      if (profile.split !== null && profile.split.part > 1) return null;
      return { ...file, fileBytes: profile.fileBytes, profile: summaryOf(profile), problem: null };
    } catch (error) {
      return { ...file, profile: null, problem: errorAnswer(error).body };
    }
  }

  #keep(identity: FileIdentity, profile: ModelProfile): void {
    this.#profiles.delete(identity.path);
    this.#profiles.set(identity.path, { identity, profile });
    const oldest = this.#profiles.keys().next();
    if (this.#profiles.size > MAX_KEPT_PROFILES && !oldest.done) this.#profiles.delete(oldest.value);
  }
}

const isSameFile = (one: FileIdentity, other: FileIdentity): boolean =>
  one.bytes === other.bytes && one.modifiedAtMs === other.modifiedAtMs;

const summaryOf = (profile: ModelProfile): NonNullable<ListedModel["profile"]> => ({
  architecture: profile.architecture,
  quantization: profile.quantization,
  parameters: profile.parameters,
  blocks: profile.blocks,
  trainContextTokens: profile.trainContextTokens,
  hasChatTemplate: profile.chatTemplate !== null,
  role: profile.role,
});

async function findGgufFiles(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0) found.push(...(await findGgufFiles(path, depth - 1)));
    else if (entry.name.toLowerCase().endsWith(".gguf")) found.push(path);
  }
  return found;
}
