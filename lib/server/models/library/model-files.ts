import { readdir, readlink, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import type { ModelProfile } from "@/lib/gguf/model-profile";
import { cutPiece } from "@/lib/gguf/split-name";
import type { LocalModel } from "@/lib/schema/local-model";
import { isRemoteSource } from "@/lib/schema/model-source";
import { withHomeFolder } from "@/lib/server/system/environment";
import { errorAnswer } from "@/lib/server/system/error-table";
import { checkChatModel } from "./check-chat-model";
import { type FileIdentity, identifyModel, readGgufProfile } from "./gguf-file";
import { ModelFileError } from "./model-file-error";
import { resolveAbsolute, resolveInside } from "./model-path";

/** How deep folders may be nested; links to folders elsewhere are followed. */
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
    const written = withHomeFolder(name);
    if (written !== name) return this.resolveModel(written);
    if (isRemoteSource(name))
      throw new ModelFileError("MODEL_NOT_FOUND", `${name} is not on this computer: download it to load it.`);
    if (!isAbsolute(name)) return this.resolveInside(name);
    const below = this.nameOf(name);
    return isAbsolute(below) ? resolveAbsolute(name, this.#isTrusted(name)) : this.resolveInside(below);
  }

  /** Path of a file in the library, for actions that are only allowed on the library (deleting, for example). */
  async resolveInside(name: string): Promise<string> {
    return resolveInside(this.#modelsFolder, name);
  }

  /** The value of MODEL for this path: relative to the models folder if the path is below it. */
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
   * The same for a model that will be chatted with.
   *
   * @throws ModelFileError, GgufFormatError
   */
  async readChatProfile(path: string): Promise<ModelProfile> {
    const profile = await this.readProfile(path);
    checkChatModel(profile, this.nameOf(path));
    return profile;
  }

  /** Everything below the models folder with the ending .gguf, by name. Unusable files are listed with the reason. */
  async listModels(): Promise<ListedModel[]> {
    const found = await findModels(this.#modelsFolder, MAX_FOLDER_DEPTH, new Set());
    const listed: ListedModel[] = [];
    for (const entry of found.sort((one, other) => (one.path < other.path ? -1 : 1))) {
      const model = entry.problem === null ? await this.#list(entry.path) : this.#unusable(entry.path, entry.problem);
      if (model !== null) listed.push(model);
    }
    return listed;
  }

  #unusable(path: string, problem: unknown): ListedModel {
    const name = this.nameOf(path);
    return { name, fileBytes: 0, modifiedAtMs: 0, profile: null, problem: errorAnswer(problem).body };
  }

  /** @returns null for a later part of a split model, which is no model of its own, and for a file that has just vanished */
  async #list(path: string): Promise<ListedModel | null> {
    const name = this.nameOf(path);
    const identity = await identifyModel(path).catch((error: unknown) => error);
    if (!isIdentity(identity)) {
      const isGone = identity instanceof ModelFileError && identity.code === "MODEL_NOT_FOUND";
      return isGone ? null : this.#unusable(path, identity);
    }
    const file = { name, fileBytes: identity.bytes, modifiedAtMs: identity.modifiedAtMs };
    try {
      await this.resolveInside(name);
      const profile = await this.readProfile(path);
      if (profile.split !== null && profile.split.part > 1) return null;
      if (profile.loadRefusal !== null) checkChatModel(profile, name);
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

const isIdentity = (value: unknown): value is FileIdentity =>
  typeof value === "object" && value !== null && "modifiedAtMs" in value;

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

/** Something in the models folder that may be a model, or why it cannot be. */
interface FoundModel {
  readonly path: string;
  readonly problem: ModelFileError | null;
}

const isModelName = (name: string): boolean => name.toLowerCase().endsWith(".gguf") || cutPiece(name) !== null;
/** A link leads to a model, or to a folder of models. */
const mayBeLinkedModels = (name: string): boolean => isModelName(name) || !name.includes(".");

/** @param above real paths of the folders on the way here: a link to one of them makes a circle */
async function findModels(folder: string, depth: number, above: ReadonlySet<string>): Promise<FoundModel[]> {
  const real = await realpath(folder).catch(() => folder);
  if (above.has(real)) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => cause);
  if (!Array.isArray(entries)) {
    const problem = new ModelFileError("NOT_A_FILE", `The folder ${folder} cannot be read (${entries.code}).`);
    return above.size === 0 ? [] : [{ path: folder, problem }];
  }
  const found: FoundModel[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const target = entry.isSymbolicLink() ? await linkTarget(path) : entry;
    if (target instanceof ModelFileError) {
      if (mayBeLinkedModels(entry.name)) found.push({ path, problem: target });
    } else if (target.isDirectory()) {
      if (depth > 0) found.push(...(await findModels(path, depth - 1, new Set([...above, real]))));
    } else if (isModelName(entry.name)) found.push({ path, problem: null });
  }
  return found;
}

async function linkTarget(path: string): Promise<{ isDirectory(): boolean } | ModelFileError> {
  try {
    return await stat(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : cause;
    const target = await readlink(path).catch(() => "somewhere");
    return new ModelFileError(
      "MODEL_NOT_FOUND",
      code === "ENOENT"
        ? `This is a link to ${target}, and nothing is there: connect the disk that it is on, or remove the link.`
        : `This is a link to ${target}, which cannot be followed (${code}): set it anew, or remove it.`,
      { cause },
    );
  }
}
