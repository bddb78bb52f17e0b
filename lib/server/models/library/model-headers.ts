import { showMetadata } from "@/lib/gguf/header/show-metadata";
import { tensorKinds } from "@/lib/gguf/profile/tensor-kinds";
import type { MetadataKey, ModelDetails } from "@/lib/schema/models/model-details";
import { type FileIdentity, identifyModel, readGgufHeader } from "./gguf-file";

/** A header to be shown: no part of it is longer than a page can show. */
interface ShownHeader {
  readonly summary: NonNullable<ModelDetails["header"]>;
  readonly chatTemplate: ModelDetails["chatTemplate"];
  readonly keys: readonly MetadataKey[];
}

/** The longest templates of real models have about 20,000 characters. */
const MAX_TEMPLATE_CHARACTERS = 40_000;
/** More keys than any real file has; the rest is found by searching. */
const MAX_SENT_KEYS = 100;

/** Headers of the library's files as their details show them. The last one is kept: a search asks for it with every letter. */
export class ModelHeaders {
  #last: { readonly identity: FileIdentity; readonly header: Promise<ShownHeader> } | null = null;

  /** @throws ModelFileError, GgufFormatError for a file that is no valid GGUF */
  async read(path: string): Promise<ShownHeader> {
    const identity = await identifyModel(path);
    if (this.#last === null || !isSame(this.#last.identity, identity))
      this.#last = { identity, header: readShownHeader(path) };
    return this.#last.header;
  }

  /**
   * The keys whose name or value holds every word, from the one at `from`.
   *
   * @throws ModelFileError, GgufFormatError
   */
  async search(path: string, words: string, from: number) {
    const { keys } = await this.read(path);
    const terms = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found =
      terms.length === 0
        ? keys
        : keys.filter(({ key, text }) => {
            const line = `${key} ${text}`.toLowerCase();
            return terms.every(word => line.includes(word));
          });
    return { keys: found.slice(from, from + MAX_SENT_KEYS), matches: found.length, total: keys.length };
  }
}

const isSame = (one: FileIdentity, other: FileIdentity): boolean =>
  one.path === other.path && one.bytes === other.bytes && one.modifiedAtMs === other.modifiedAtMs;

async function readShownHeader(path: string): Promise<ShownHeader> {
  const { version, headerBytes, metadata, tensors } = await readGgufHeader(path);
  const template = metadata.get("tokenizer.chat_template")?.value;
  return {
    summary: {
      ggufVersion: version,
      bytes: headerBytes,
      keys: metadata.size,
      tensors: tensors.length,
      kinds: tensorKinds(tensors),
    },
    chatTemplate:
      typeof template === "string"
        ? { text: template.slice(0, MAX_TEMPLATE_CHARACTERS), characters: template.length }
        : null,
    keys: showMetadata(metadata),
  };
}
