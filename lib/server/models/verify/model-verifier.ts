import { realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { splitPartNames } from "@/lib/gguf/split-name";
import type { ErrorBody } from "@/lib/schema/api-error";
import type { HashSource, Verification } from "@/lib/schema/model-details";
import { errorAnswer } from "@/lib/server/system/error-table";
import { hashFile } from "../downloads/hash-file";
import type { RemoteModels } from "../hub/remote-models";
import type { FileIdentity } from "../library/gguf-file";
import { ModelFileError } from "../library/model-file-error";
import type { ModelFiles } from "../library/model-files";
import type { ModelHashes } from "./model-hashes";

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

interface Published {
  readonly source: HashSource;
  readonly sha256s: readonly string[];
}

/** Ollama names its blobs so, and the cache of the Hugging Face hub what its links lead to. */
const HASH_NAME = /^(?:sha256-)?([0-9a-f]{64})$/;
/** "owner/repo/folder/file.gguf", as downloads are placed and as LM Studio keeps them. */
const REPOSITORY_FILE = /^(?:LM Studio\/)?([\w.-]+\/[\w.-]+)\/(.+\.gguf)$/i;

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
      const asked = this.#publishedHere(name) ?? (await publishedInName(path)) ?? (await this.#askHub(name));
      const sha256s: string[] = [];
      for (const part of partsOf(path))
        sha256s.push(await hashFile(part, signal, bytes => (check.hashedBytes += bytes)));
      const now = await models.identify(path);
      if (now.bytes !== identity.bytes || now.modifiedAtMs !== identity.modifiedAtMs)
        throw new ModelFileError("CORRUPT_MODEL", `${name} changed while it was read: verify it again.`);
      if ("source" in asked) hashes.publish(name, asked.source, asked.sha256s);
      hashes.noteChecked(name, identity, {
        atMs: nowMs(),
        sha256s,
        hubProblem: "problem" in asked ? asked.problem : null,
      });
      this.#checks.delete(name);
    } catch (error) {
      if (!signal.aborted) check.error = errorAnswer(error).body;
    }
  }

  #publishedHere(name: string): Published | null {
    const { published } = this.options.hashes.of(name);
    // The hub may have another file by now, and is asked again.
    return published?.source === "download" ? published : null;
  }

  async #askHub(name: string): Promise<Published | { readonly problem: string | null }> {
    const [, repository, file] = REPOSITORY_FILE.exec(name) ?? [];
    if (repository === undefined || file === undefined) return { problem: null };
    try {
      const { files } = await this.options.remote.list(repository);
      const contentKey = files.find(entry => entry.name === file)?.contentKey ?? null;
      return contentKey === null ? { problem: null } : { source: "hub", sha256s: contentKey.split(" ") };
    } catch (error) {
      return { problem: errorAnswer(error).body.message };
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
    };
  }
}

/** The files of a model, in order. */
function partsOf(path: string): string[] {
  const names = splitPartNames(basename(path));
  return names[0] === basename(path) ? names.map(name => join(dirname(path), name)) : [path];
}

/** A program that names a file by its sha256 has published it. */
async function publishedInName(path: string): Promise<Published | null> {
  const sha256s: string[] = [];
  for (const part of partsOf(path)) {
    const sha256 = HASH_NAME.exec(basename(await realpath(part)))?.[1];
    if (sha256 === undefined) return null;
    sha256s.push(sha256);
  }
  return { source: "file-name", sha256s };
}
