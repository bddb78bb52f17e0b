import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { splitPartCount, splitPartNames } from "@/lib/gguf/header/split-name";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import type { LocalModel } from "@/lib/schema/models/local-model";
import { isRemoteSource } from "@/lib/schema/models/model-source";
import { eachOf } from "@/lib/server/system/each-of";
import { withHomeFolder } from "@/lib/server/system/environment";
import { errorAnswer } from "@/lib/server/system/error-table";
import { timeFromFirstUse } from "@/lib/server/system/timers";
import { keepLatest } from "@/lib/units/keep-latest";
import type { AddedFile } from "./added-files";
import { checkChatModel } from "./check-chat-model";
import { findModelFiles } from "./find-model-files";
import { type FileIdentity, identifyModel, readGgufProfile } from "./gguf-file";
import { markSame } from "./mark-same";
import { ModelFileError } from "./model-file-error";
import { resolveAbsolute, resolveInside } from "./model-path";

/** Each has 20 to 70 KB, because big models have a thousand tensors. A larger library is planned with headers that are read again. */
const MAX_KEPT_PROFILES = 1000;
/** Headers that are read at the same time: each takes some megabytes of memory meanwhile. */
const READ_AT_ONCE = 4;

export interface ModelFilesOptions {
  readonly modelsFolder: string;
  /** Whether the owner of this computer chose this absolute path (in modelconf.json or on the command line). */
  readonly isTrusted?: (absolutePath: string) => boolean;
  /** Folders in addition to the models folder. */
  readonly addedFolders?: () => readonly string[];
  /** Single files that are used where they are. */
  readonly addedFiles?: () => readonly AddedFile[];
}

/** A file of the library, without the plan for it. */
export type ListedModel = Omit<LocalModel, "plan">;

/** A file of the library that may be renamed or moved to the trash. */
export interface OwnFile {
  /** The models folder or an added one. */
  readonly folder: string;
  readonly path: string;
}

/** The GGUF files on this computer: finds them by name, reads their headers, and refuses everything else. */
export class ModelFiles {
  readonly #modelsFolder: string;
  readonly #isTrusted: (absolutePath: string) => boolean;
  readonly #addedFolders: () => readonly string[];
  readonly #addedFiles: () => readonly AddedFile[];
  readonly #profiles = new Map<string, { readonly identity: FileIdentity; readonly profile: ModelProfile }>();
  /** What the list says of files whose header was read, by path; null for a file that is no entry of its own. */
  readonly #described = new Map<string, { readonly identity: FileIdentity; readonly model: ListedModel | null }>();

  constructor({
    modelsFolder,
    isTrusted = () => false,
    addedFolders = () => [],
    addedFiles = () => [],
  }: ModelFilesOptions) {
    this.#modelsFolder = modelsFolder;
    this.#addedFolders = addedFolders;
    this.#addedFiles = addedFiles;
    this.#isTrusted = path => isTrusted(path) || addedFolders().some(folder => isBelow(folder, path));
  }

  /**
   * Path of what MODEL says: below the models folder, or absolute. The file itself may still be missing.
   *
   * @throws ModelFileError
   */
  async resolveModel(name: string): Promise<string> {
    const added = this.#addedFiles().find(file => file.name === name);
    if (added !== undefined) return added.path;
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
    const added = this.#addedFiles().find(file => file.path === path);
    if (added !== undefined) return added.name;
    if (!isBelow(this.#modelsFolder, path)) return path;
    return relative(this.#modelsFolder, path).split(sep).join("/");
  }

  /** All folders that are searched, the models folder first. */
  folders(): readonly string[] {
    return [this.#modelsFolder, ...this.#addedFolders()];
  }

  isInFolders(path: string): boolean {
    return this.folders().some(folder => isBelow(folder, path));
  }

  /**
   * Where a file of the library is, for actions that change it. Names outside are refused alike, whether a file is there or not.
   *
   * @throws ModelFileError INVALID_INPUT for a name outside the library's folders, also behind a link
   */
  async resolveOwn(name: string): Promise<OwnFile> {
    const inPlace = this.#addedFiles().find(file => file.name === name);
    if (inPlace !== undefined)
      throw new ModelFileError(
        "INVALID_INPUT",
        `${name} is used where it is (${inPlace.path}) and is not changed by Headroom: change it there, or take it off the list.`,
      );
    const folder = isAbsolute(name)
      ? this.#addedFolders().find(added => isBelow(added, name) && resolve(name) === name)
      : this.#modelsFolder;
    if (folder === undefined)
      throw new ModelFileError("INVALID_INPUT", `${JSON.stringify(name)} is in none of the library's folders.`);
    const path = resolveInside(folder, isAbsolute(name) ? relative(folder, name).split(sep).join("/") : name);
    const [real, realFolder] = await Promise.all([realpath(dirname(path)), realpath(folder)]).catch(cause => {
      throw new ModelFileError("MODEL_NOT_FOUND", `There is no file ${name} in the library.`, { cause });
    });
    if (real !== realFolder && !isBelow(realFolder, real))
      throw new ModelFileError("INVALID_INPUT", `${name} is behind a link to another folder: change it there.`);
    return { folder, path };
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
    keepLatest(this.#profiles, path, { identity, profile }, MAX_KEPT_PROFILES);
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

  /**
   * Everything below the library's folders with the ending .gguf, by name, then the single files. Unusable ones are listed with the reason.
   *
   * @param withinMs headers are read for this long. A file whose turn did not come has no profile and no problem yet
   */
  async listModels(withinMs = Number.POSITIVE_INFINITY): Promise<ListedModel[]> {
    const entries = new Map<string, () => Promise<ListedModel | null>>();
    const hasTime = timeFromFirstUse(withinMs);
    for (const folder of this.folders())
      for (const { path, problem } of await findModelFiles(folder)) {
        if (entries.has(path)) continue;
        entries.set(path, async () =>
          problem === null ? this.describe(path, hasTime) : this.#unusable(path, problem),
        );
      }
    for (const file of this.#addedFiles()) {
      const { program, path } = file;
      if (entries.has(path)) continue;
      entries.set(path, async () => {
        const model = (await this.describe(path, hasTime)) ?? this.#unusable(path, hasVanished(file));
        return { ...model, origin: { program, path } };
      });
    }
    const listed = await eachOf([...entries.values()], READ_AT_ONCE, read => read());
    return markSame(
      listed.filter(model => model !== null),
      ({ name, origin }) => origin?.path ?? (isAbsolute(name) ? name : join(this.#modelsFolder, name)),
    );
  }

  #unusable(path: string, problem: unknown): ListedModel {
    const name = this.nameOf(path);
    return { ...alone, name, fileBytes: 0, modifiedAtMs: 0, profile: null, problem: errorAnswer(problem).body };
  }

  /**
   * @param hasTime whether a header may be read now that was not read before
   * @returns null for a later part of a split model, which is no model of its own, and for a file that is not there
   */
  async describe(path: string, hasTime = () => true): Promise<ListedModel | null> {
    const name = this.nameOf(path);
    const identity = await identifyModel(path).catch((error: unknown) => error);
    if (!isIdentity(identity)) {
      const isGone = identity instanceof ModelFileError && identity.code === "MODEL_NOT_FOUND";
      return isGone ? null : this.#unusable(path, identity);
    }
    const known = this.#described.get(path);
    if (known !== undefined && isSameFile(known.identity, identity)) return known.model && { ...known.model, name };
    const { bytes: fileBytes, modifiedAtMs } = identity;
    const file = { ...alone, name, fileBytes, modifiedAtMs, profile: null, problem: null };
    if (!hasTime()) return splitPartNames(basename(path))[0] === basename(path) ? file : null;
    try {
      if (isBelow(this.#modelsFolder, path)) await this.resolveInside(name);
      const model = describedBy(await this.readProfile(path), file, basename(path));
      this.#described.set(path, { identity, model });
      return model;
    } catch (error) {
      return { ...file, problem: errorAnswer(error).body };
    }
  }
}

/** @throws ModelFileError for a model that llama.cpp is known to refuse */
function describedBy(profile: ModelProfile, file: ListedModel, fileName: string): ListedModel | null {
  if (profile.split !== null && profile.split.part > 1) return null;
  if (profile.loadRefusal !== null) checkChatModel(profile, file.name);
  return { ...file, parts: splitPartCount(fileName), fileBytes: profile.fileBytes, profile: summaryOf(profile) };
}

const isIdentity = (value: unknown): value is FileIdentity =>
  typeof value === "object" && value !== null && "modifiedAtMs" in value;

const isSameFile = (one: FileIdentity, other: FileIdentity): boolean =>
  one.bytes === other.bytes && one.modifiedAtMs === other.modifiedAtMs;

const alone = { parts: 1, sameAs: null, origin: null } as const;

const hasVanished = ({ name, path, program }: AddedFile): ModelFileError =>
  new ModelFileError(
    "MODEL_NOT_FOUND",
    program === null
      ? `${path} has vanished: connect the disk that it is on, or take it off the list.`
      : `${name} has vanished: ${program} no longer has its file ${path}. Get it again there, or take it off the list.`,
  );

/** Whether a path leads below a folder by its text. */
function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

const summaryOf = (profile: ModelProfile): NonNullable<ListedModel["profile"]> => ({
  title: profile.name,
  activeParameters: profile.activeParameters,
  license: profile.license,
  architecture: profile.architecture,
  quantization: profile.quantization,
  parameters: profile.parameters,
  blocks: profile.blocks,
  trainContextTokens: profile.trainContextTokens,
  hasChatTemplate: profile.chatTemplate !== null,
  role: profile.role,
});
