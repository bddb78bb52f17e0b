import * as z from "zod";
import type { HashSource } from "@/lib/schema/models/model-details";
import { JsonFile } from "@/lib/server/system/json-file";
import type { FileIdentity } from "../library/gguf-file";

/** Far more models than anybody has; the oldest are forgotten. */
const MAX_MODELS = 2000;
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const savedSchema = z.object({
  models: z.record(
    z.string(),
    z.object({
      /** Of each part. */
      published: z.nullable(
        z.object({
          source: z.enum(["download", "hub", "file-name"]),
          sha256s: z.array(sha256),
          from: z.nullable(z.string()).default(null),
        }),
      ),
      /** What the file itself had. It counts while size and time are the same. */
      checked: z.nullable(
        z.object({
          fileBytes: z.number(),
          modifiedAtMs: z.number(),
          atMs: z.number(),
          sha256s: z.array(sha256),
          hubProblem: z.nullable(z.string()),
          hubNow: z.nullable(z.enum(["same", "other", "gone"])).default(null),
        }),
      ),
    }),
  ),
});
type Saved = z.infer<typeof savedSchema>["models"];
type KnownHashes = Readonly<Saved[string]>;

/** What a file should have. */
export interface PublishedHashes {
  readonly source: HashSource;
  /** Of each part. */
  readonly sha256s: readonly string[];
  /** Where a download came from, with its revision: "hf:owner/repo@revision/file.gguf". */
  readonly from?: string | null;
}

/** The sha256 of models: the published ones, which downloads and the hub tell, and those that the files were found to have. */
export class ModelHashes {
  readonly #saved: JsonFile<typeof savedSchema>;
  #models: Saved;

  /** @param savedPath where they are kept */
  constructor(savedPath: string) {
    this.#saved = new JsonFile(savedPath, savedSchema);
    this.#models = this.#saved.read()?.models ?? {};
  }

  /** @param name of the model in the library */
  of(name: string): KnownHashes {
    return this.#models[name] ?? { published: null, checked: null };
  }

  /** What a new file of this name should have. Results for an earlier file of the name are dropped. */
  publish(name: string, { source, sha256s, from = null }: PublishedHashes): void {
    const checked = source === "download" ? null : this.of(name).checked;
    this.#save({ ...this.#models, [name]: { published: { source, sha256s: [...sha256s], from }, checked } });
  }

  noteChecked(
    name: string,
    { bytes, modifiedAtMs }: Pick<FileIdentity, "bytes" | "modifiedAtMs">,
    found: Pick<NonNullable<KnownHashes["checked"]>, "atMs" | "hubProblem" | "hubNow"> & {
      readonly sha256s: readonly string[];
    },
  ): void {
    const checked = { ...found, sha256s: [...found.sha256s], fileBytes: bytes, modifiedAtMs };
    this.#save({ ...this.#models, [name]: { ...this.of(name), checked } });
  }

  followRename(from: string, to: string): void {
    const { [from]: known, ...others } = this.#models;
    if (known !== undefined) this.#save({ ...others, [to]: known });
  }

  #save(models: Saved): void {
    const kept = Object.fromEntries(Object.entries(models).slice(-MAX_MODELS));
    this.#saved.write({ models: kept });
    this.#models = kept;
  }
}
