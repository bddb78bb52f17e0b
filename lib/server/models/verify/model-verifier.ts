import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { splitPartNames } from "@/lib/gguf/header/split-name";
import type { ErrorBody } from "@/lib/schema/api-error";
import type { Verification } from "@/lib/schema/models/model-details";
import { errorAnswer } from "@/lib/server/system/error-table";
import { hashFile } from "../downloads/hash-file";
import type { RemoteModels } from "../hub/remote-models";
import type { FileIdentity } from "../library/gguf-file";
import { ModelFileError } from "../library/model-file-error";
import type { ModelFiles } from "../library/model-files";
import type { ModelHashes, PublishedHashes } from "./model-hashes";

interface ModelVerifierOptions {
  readonly models: Pick<ModelFiles, "resolveModel" | "identify">;
  readonly remote: Pick<RemoteModels, "list">;
  readonly hashes: ModelHashes;
  readonly nowMs?: () => number;
}

interface Check {
  readonly abort: AbortController;
  readonly totalBytes: number;
  hashedBytes: number;
  error: ErrorBody | null;
}

/** Ollama names its blobs so, and the cache of the Hugging Face hub what its links lead to. */
const HASH_NAME = /^(?:sha256-)?([0-9a-f]{64})$/;
/** "owner/repo/folder/file.gguf", as downloads are placed and as LM Studio keeps them. */
const REPOSITORY_FILE = /^(?:LM Studio\/)?([\w.-]+\/[\w.-]+)\/(.+\.gguf)$/i;

/** The same of a download's address, with the revision that was asked for. */
const DOWNLOADED = /^hf:([\w.-]+\/[\w.-]+(?:@[^/]+)?)\/(.+)$/;

interface PublishedNow {
  readonly published: PublishedHashes | null;
  readonly hubProblem: string | null;
  readonly hubNow: Extract<Verification, { state: "done" }>["hubNow"];
}

interface HubHashes {
  readonly sha256s: readonly string[] | null;
  readonly hubProblem: string | null;
  readonly isGone: boolean;
}

const placeInName = (name: string): readonly string[] => REPOSITORY_FILE.exec(name)?.slice(1) ?? [];

/** Reads models whole and compares their sha256 with the published one. One model at a time: two would only share the disk. */
export class ModelVerifier {
  readonly #checks = new Map<string, Check>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ModelVerifierOptions) {}

  /** @throws ModelFileError when there is no such file */
  async read(name: string): Promise<Verification> {
    const check = this.#checks.get(name);
    if (check !== undefined)
      return check.error === null
        ? { state: "running", hashedBytes: check.hashedBytes, totalBytes: check.totalBytes }
        : { state: "failed", error: check.error };
    const path = await this.options.models.resolveModel(name);
    return this.#result(name, path, await this.options.models.identify(path));
  }

  /** Begins, unless it is being checked already. @throws ModelFileError when there is no such file */
  async start(name: string): Promise<Verification> {
    const known = this.#checks.get(name);
    if (known !== undefined && known.error === null) return this.read(name);
    const path = await this.options.models.resolveModel(name);
    const identity = await this.options.models.identify(path);
    const check: Check = { abort: new AbortController(), totalBytes: identity.bytes, hashedBytes: 0, error: null };
    this.#checks.set(name, check);
    this.#last = this.#last.then(() => this.#run(name, path, identity, check));
    return this.read(name);
  }

  cancel(name: string): Promise<Verification> {
    this.#checks.get(name)?.abort.abort();
    this.#checks.delete(name);
    return this.read(name);
  }

  async shutdown(): Promise<void> {
    for (const { abort } of this.#checks.values()) abort.abort();
    await this.#last;
  }

  async #run(name: string, path: string, identity: FileIdentity, check: Check): Promise<void> {
    const { models, hashes, nowMs = Date.now } = this.options;
    const { signal } = check.abort;
    try {
      signal.throwIfAborted();
      const { published, ...hub } = await this.#published(name, path);
      const sha256s: string[] = [];
      for (const part of partsOf(path))
        sha256s.push(await hashFile(part, signal, bytes => (check.hashedBytes += bytes)));
      const now = await models.identify(path);
      if (now.bytes !== identity.bytes || now.modifiedAtMs !== identity.modifiedAtMs)
        throw new ModelFileError("CORRUPT_MODEL", `${name} changed while it was read: verify it again.`);
      if (published !== null && published.source !== "download") hashes.publish(name, published);
      hashes.noteChecked(name, identity, { atMs: nowMs(), sha256s, ...hub });
      this.#checks.delete(name);
    } catch (error) {
      if (!signal.aborted) check.error = errorAnswer(error).body;
    }
  }

  /** A downloaded file is compared with its download: the hub may have another one by now, which is said beside it. */
  async #published(name: string, path: string): Promise<PublishedNow> {
    const { published } = this.options.hashes.of(name);
    if (published?.source === "download") return { published, ...(await this.#hubNow(name, published)) };
    const inName = await publishedInName(path);
    if (inName !== null) return { published: inName, hubProblem: null, hubNow: null };
    const { sha256s, hubProblem } = await this.#askHub(placeInName(name));
    return { published: sha256s === null ? null : { source: "hub", sha256s }, hubProblem, hubNow: null };
  }

  async #hubNow(name: string, { sha256s, from }: PublishedHashes): Promise<Omit<PublishedNow, "published">> {
    const place = DOWNLOADED.exec(from ?? "")?.slice(1) ?? placeInName(name);
    const hub = await this.#askHub(place);
    if (hub.sha256s === null) return { hubProblem: hub.hubProblem, hubNow: hub.isGone ? "gone" : null };
    return { hubProblem: null, hubNow: hub.sha256s.join(" ") === sha256s.join(" ") ? "same" : "other" };
  }

  /** @param place "owner/repo" or "owner/repo@revision", and the path of the file there */
  async #askHub([repository, file]: readonly string[]): Promise<HubHashes> {
    if (repository === undefined || file === undefined) return { sha256s: null, hubProblem: null, isGone: false };
    try {
      const { files } = await this.options.remote.list(repository);
      const found = files.find(entry => entry.name === file);
      const sha256s = found?.contentKey?.split(" ") ?? null;
      return { sha256s, hubProblem: null, isGone: found === undefined };
    } catch (error) {
      const { code, message } = errorAnswer(error).body;
      return { sha256s: null, hubProblem: message, isGone: code === "MODEL_NOT_FOUND" };
    }
  }

  #result(name: string, path: string, { bytes, modifiedAtMs }: FileIdentity): Verification {
    const { published, checked } = this.options.hashes.of(name);
    if (checked === null || checked.fileBytes !== bytes || checked.modifiedAtMs !== modifiedAtMs)
      return { state: "none" };
    const parts = partsOf(path).map((part, index) => ({
      file: basename(part),
      sha256: checked.sha256s[index] ?? "",
      published: published?.sha256s[index] ?? null,
    }));
    const isKnown = published !== null && published.sha256s.length === parts.length;
    const isSame = parts.every(part => part.sha256 === part.published);
    return {
      state: "done",
      atMs: checked.atMs,
      verdict: !isKnown ? "unknown" : isSame ? "matches" : "differs",
      source: isKnown ? published.source : null,
      parts,
      hubProblem: checked.hubProblem,
      hubNow: checked.hubNow,
    };
  }
}

/** The files of a model, in order. */
function partsOf(path: string): string[] {
  const names = splitPartNames(basename(path));
  return names[0] === basename(path) ? names.map(name => join(dirname(path), name)) : [path];
}

/** A program that names a file by its sha256 has published that hash. */
async function publishedInName(path: string): Promise<PublishedHashes | null> {
  const sha256s: string[] = [];
  for (const part of partsOf(path)) {
    const sha256 = HASH_NAME.exec(basename(await realpath(part)))?.[1];
    if (sha256 === undefined) return null;
    sha256s.push(sha256);
  }
  return { source: "file-name", sha256s };
}
