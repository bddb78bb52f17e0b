import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import type { KnownProfiles } from "./known-profiles";
import { type KnownVocabulary, knownVocabularyOf, type RemoteHeaderOptions, readRemoteHeader } from "./remote-header";
import { RemoteHeaderError } from "./remote-header-error";
import type { RepositoryFile } from "./remote-repository";

export interface ReadHeader {
  readonly profile: ModelProfile;
  /** Read for it from the hub; 0 for a header that was known. */
  readonly readBytes: number;
}

/** Vocabularies that may serve other files: up to 20 MB each, and only while a repository is read. */
const MAX_VOCABULARIES = 5;
/** Repositories that are read at the same time. */
const MAX_READINGS = 6;

/** Profiles of files on the hub. A file whose content is known is never read again. */
export class RepositoryHeaders {
  #readings = 0;

  constructor(
    private readonly options: Omit<RemoteHeaderOptions, "signal">,
    private readonly profiles: KnownProfiles,
  ) {}

  /**
   * Reads headers of one repository, and takes a vocabulary from one quantization to the next.
   *
   * @throws RemoteHeaderError BUSY while several other repositories are being read
   */
  begin(signal: AbortSignal): HeaderReading {
    if (this.#readings >= MAX_READINGS)
      throw new RemoteHeaderError("BUSY", `${MAX_READINGS} other repositories are being read.`, { waitSeconds: 2 });
    this.#readings += 1;
    return new HeaderReading(this.profiles, { ...this.options, signal }, () => {
      this.#readings -= 1;
    });
  }
}

export class HeaderReading {
  #vocabularies: readonly KnownVocabulary[] = [];

  constructor(
    private readonly profiles: KnownProfiles,
    private readonly options: RemoteHeaderOptions,
    readonly end: () => void,
  ) {}

  /** @throws RemoteHeaderError, GgufFormatError */
  async read(file: RepositoryFile): Promise<ReadHeader> {
    const key = file.contentKey;
    const known = key === null ? null : await this.profiles.find(key);
    if (known !== null) return { profile: known, readBytes: 0 };
    const { profile, parts, readBytes } = await readRemoteHeader(file.source, this.options, this.#vocabularies);
    const headerBytes = parts.reduce((sum, part) => sum + part.bytes.byteLength, 0);
    const [first] = parts;
    // Less was received than the header has where a known vocabulary was taken.
    if (first !== undefined && readBytes >= headerBytes) this.#keepVocabulary(knownVocabularyOf(first));
    if (key !== null) await this.profiles.keep(key, profile);
    return { profile, readBytes };
  }

  #keepVocabulary(vocabulary: KnownVocabulary | null): void {
    if (vocabulary !== null) this.#vocabularies = [vocabulary, ...this.#vocabularies].slice(0, MAX_VOCABULARIES);
  }
}

/** Files that differ only in their quantization have the same family: their vocabularies are very likely the same. */
export const familyOf = ({ name, quantization }: RepositoryFile): string =>
  (name.split("/").at(-1) ?? name)
    .replace(/(?:-\d{5}-of-\d{5})?\.gguf$/i, "")
    .toUpperCase()
    .replace(quantization ?? "", "");
