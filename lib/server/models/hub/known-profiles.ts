import { createHash, randomUUID } from "node:crypto";
import { readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { ModelProfile } from "@/lib/gguf/profile/model-profile";
import { layerKvSchema } from "@/lib/schema/plans/memory-surface";
import { keepNewestFiles } from "@/lib/server/system/keep-newest-files";
import { makeFolder } from "@/lib/server/system/make-folder";
import { moveFile } from "@/lib/server/system/move-file";
import { keepLatest } from "@/lib/units/keep-latest";

const count = z.number().min(0);
const tensorsSchema = z.array(z.object({ name: z.string(), bytes: count }));

const profileSchema: z.ZodType<ModelProfile> = z.object({
  ggufVersion: z.union([z.literal(2), z.literal(3)]),
  name: z.string(),
  architecture: z.string(),
  quantization: z.string(),
  fileBytes: count,
  headerBytes: count,
  parameters: count,
  activeParameters: count,
  license: z.string().nullable(),
  blocks: count,
  embeddingLength: count,
  feedForwardLength: count,
  vocabularySize: count,
  trainContextTokens: count,
  headSizeK: count,
  headSizeV: count,
  slidingWindowTokens: count,
  windowReserveTokens: z.union([z.literal(0), z.literal(1)]),
  experts: count,
  expertsUsed: count,
  mlaKvElements: count,
  recurrent: z.object({ stateElements: count, convElements: count }).nullable(),
  kvClosedForm: z.boolean(),
  tiedEmbeddings: z.boolean(),
  embedding: tensorsSchema,
  output: tensorsSchema,
  shared: tensorsSchema,
  blocksProfile: z.array(
    z.object({
      index: count,
      kind: z.enum(["attention", "sliding-window", "recurrent", "feed-forward"]),
      weightsBytes: count,
      tensors: tensorsSchema,
      heads: count,
      kvHeads: count,
      experts: count,
      kv: layerKvSchema,
    }),
  ),
  chatTemplate: z.string().nullable(),
  tokenizerModel: z.string(),
  role: z.enum(["text", "embedding", "projector", "adapter", "other"]),
  split: z.object({ part: count, parts: count }).nullable(),
  loadRefusal: z.string().nullable(),
});

const recordSchema = z.object({ key: z.string(), version: z.string(), profile: profileSchema });

/** A profile has 20 to 200 KB on the disk, and about as much in memory. */
const MAX_KNOWN = 400;
const DRAFT = ".part";

interface KnownProfilesOptions {
  readonly folder: string;
  /** Of this program: another version may read another profile from the same header. */
  readonly version: string;
  readonly most?: number;
}

/**
 * What the headers of files on the hub said, by the hash of their content: a file that did not change is never read again, also after
 * a restart. This is a cache: what cannot be read or written only costs another request.
 */
export class KnownProfiles {
  readonly #recent = new Map<string, ModelProfile>();

  constructor(private readonly options: KnownProfilesOptions) {}

  /** @param key changes with the content of the file */
  async find(key: string): Promise<ModelProfile | null> {
    const profile = this.#recent.get(key) ?? (await this.#read(key));
    if (profile === null) return null;
    keepLatest(this.#recent, key, profile, this.#most);
    const now = new Date();
    await utimes(this.#pathOf(key), now, now).catch(() => {});
    return profile;
  }

  async keep(key: string, profile: ModelProfile): Promise<void> {
    keepLatest(this.#recent, key, profile, this.#most);
    const draft = `${this.#pathOf(key)}.${randomUUID()}${DRAFT}`;
    try {
      makeFolder(this.options.folder);
      await writeFile(draft, JSON.stringify({ key, version: this.options.version, profile }));
      await moveFile(draft, this.#pathOf(key));
      await keepNewestFiles(this.options.folder, this.#most);
    } catch {
      await rm(draft, { force: true }).catch(() => {});
    }
  }

  async #read(key: string): Promise<ModelProfile | null> {
    try {
      const record = recordSchema.parse(JSON.parse(await readFile(this.#pathOf(key), "utf8")));
      return record.key === key && record.version === this.options.version ? record.profile : null;
    } catch {
      return null;
    }
  }

  #pathOf(key: string): string {
    return join(this.options.folder, `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.json`);
  }

  get #most(): number {
    return this.options.most ?? MAX_KNOWN;
  }
}
