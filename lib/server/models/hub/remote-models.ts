import type { AddressAnswer, HubSearchAnswer, HubSort } from "@/lib/schema/models/remote-models";
import { checkChatModel } from "../library/check-chat-model";
import type { KnownProfiles } from "./known-profiles";
import { parseRemoteAddress } from "./remote-address";
import { type RemoteHeaderOptions, type RemoteVersion, readRemoteHeader, readRemoteVersions } from "./remote-header";
import { RemoteHeaderError } from "./remote-header-error";
import type { RemoteHeaderStore } from "./remote-header-store";
import { chosenFiles, listRepository, type RepositoryList } from "./remote-repository";
import { parseRemoteSource } from "./remote-source";
import { type HeaderReading, RepositoryHeaders } from "./repository-headers";
import { searchHub } from "./search-hub";

export interface RemoteModelsOptions extends Omit<RemoteHeaderOptions, "signal"> {
  readonly store: RemoteHeaderStore;
  readonly profiles: KnownProfiles;
}

/** Published files hardly ever change. Moving a slider twice must not ask the hub twice. */
const TRUSTED_FOR_MS = 10 * 60 * 1000;
/** Each may hold a header of up to 96 MiB in memory. */
const MAX_AT_ONCE = 4;

/** Models that are not on this computer: only their headers, which is enough to plan them. */
export class RemoteModels {
  readonly #reading = new Map<string, Promise<string>>();

  readonly #headers: RepositoryHeaders;

  constructor(private readonly options: RemoteModelsOptions) {
    this.#headers = new RepositoryHeaders(options, options.profiles);
  }

  /**
   * Repositories whose names hold these words; or, for an address that somebody pasted, what it leads to.
   *
   * @throws RemoteHeaderError; GgufFormatError, ModelFileError for the address of a file that is no chat model
   */
  async search(words: string, sort: HubSort): Promise<HubSearchAnswer> {
    try {
      if (isAddress(words)) return await this.find(words);
      return { kind: "found", repositories: await searchHub(words, sort, this.options) };
    } catch (error) {
      if (!(error instanceof RemoteHeaderError) || error.waitSeconds === null) throw error;
      return { kind: "wait", seconds: error.waitSeconds, message: error.message };
    }
  }

  /**
   * All GGUF files of a repository.
   *
   * @param repository "owner/repo" or "owner/repo@revision"
   * @throws RemoteHeaderError
   */
  async list(repository: string): Promise<RepositoryList> {
    const address = parseRemoteAddress(repository, this.options.endpoint);
    if (address.kind === "repository") return listRepository(address, this.options);
    throw new RemoteHeaderError("INVALID_INPUT", `"${repository}" is no repository: owner/repo is.`);
  }

  /** Begins to read headers of a repository's files. End it when it is not needed any more. */
  beginHeaders(signal: AbortSignal): HeaderReading {
    return this.#headers.begin(signal);
  }

  /**
   * A sparse file with the model's header and size; of a split model the first part, with the others beside it.
   * It can be planned but not loaded: its weights are holes.
   *
   * @param source http(s) address or `hf:owner/repo/file.gguf`
   * @throws RemoteHeaderError, GgufFormatError, ModelFileError for what is not a chat model
   */
  async headerPath(source: string): Promise<string> {
    const address = this.#addressOf(source);
    const reading = this.#reading.get(address) ?? this.#begin(source, address);
    return reading;
  }

  /** What `headerPath` answered before, without asking the server again; null for a header that is not kept. */
  async keptHeaderPath(source: string): Promise<string | null> {
    return (await this.options.store.find(this.#addressOf(source)))?.path ?? null;
  }

  /**
   * Finds what a pasted address leads to. A single file is read as far as planning needs it, so that an
   * error is shown where the address was typed.
   *
   * @throws RemoteHeaderError, GgufFormatError, ModelFileError for what is not a chat model
   */
  async find(text: string): Promise<AddressAnswer> {
    const address = parseRemoteAddress(text, this.options.endpoint);
    if (address.kind === "file") return this.#file(address.source);
    const list = await listRepository(address, this.options);
    const files = chosenFiles(list, address.quantization);
    const [only] = files;
    if (only !== undefined && files.length === 1) return this.#file(only.source);
    return { kind: "repository", name: list.name, files };
  }

  async #file(source: string): Promise<AddressAnswer> {
    await this.headerPath(source);
    return { kind: "file", source };
  }

  /** One key for both ways of writing an address, and for all parts of a split model. */
  #addressOf(source: string): string {
    return parseRemoteSource(source, this.options.endpoint)[0]?.href ?? source;
  }

  #begin(source: string, address: string): Promise<string> {
    if (this.#reading.size >= MAX_AT_ONCE)
      throw new RemoteHeaderError("BUSY", `The headers of ${MAX_AT_ONCE} other models are being read.`);
    const reading = this.#find(source, address).finally(() => this.#reading.delete(address));
    this.#reading.set(address, reading);
    return reading;
  }

  async #find(source: string, address: string): Promise<string> {
    const { store } = this.options;
    const kept = await store.find(address);
    if (kept !== null) {
      if (Date.now() - kept.checkedAtMs < TRUSTED_FOR_MS) return kept.path;
      if (isSame(kept.versions, await readRemoteVersions(source, this.options))) {
        await store.confirm(address);
        return kept.path;
      }
    }
    const { profile, parts } = await readRemoteHeader(source, this.options);
    checkChatModel(profile, source);
    return store.keep(address, parts);
  }
}

/** Words have no slash and no "hf:"; every address has one. */
const isAddress = (words: string): boolean => /\/|^\s*hf:/i.test(words);

/** Without an etag a change cannot be seen. */
const isSame = (kept: readonly RemoteVersion[], now: readonly RemoteVersion[]): boolean =>
  kept.length === now.length &&
  kept.every(
    ({ fileBytes, etag }, index) => etag !== null && now[index]?.etag === etag && now[index].fileBytes === fileBytes,
  );
