import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type PictureReader, pictureReaderOf } from "@/lib/gguf/profile/picture-reader";
import { readGgufHeader } from "./gguf-file";

export interface FoundPictureReader {
  readonly path: string;
  readonly reader: PictureReader;
}

/** A repository has one in each of a few number formats. */
const MAX_CANDIDATES = 16;
/** The usual format first; the larger ones are no better, and bf16 is slow on older cards. */
const formats = [/f16/i, /q8_0/i, /bf16/i, /f32/i] as const;
const rankOf = (name: string): number => {
  const plain = name.replace(/bf16/i, "b-16");
  const rank = formats.findIndex(format => format.test(format.source === "bf16" ? name : plain));
  return rank < 0 ? formats.length : rank;
};

/**
 * The mmproj file of a model: in the same folder, which is the repository's where it was downloaded, and made for models of its width.
 * Files for LLaVA name another width. One of those counts if there is no other model and no other reader in the folder.
 */
export async function findPictureReader(
  modelPath: string,
  embeddingLength: number,
): Promise<FoundPictureReader | null> {
  const folder = dirname(modelPath);
  const names = await readdir(folder).catch(() => []);
  const isReader = (name: string): boolean => /mmproj/i.test(name);
  const files = names.filter(name => /\.gguf$/i.test(name));
  const candidates = files.filter(name => isReader(name) && name !== basename(modelPath)).slice(0, MAX_CANDIDATES);
  const read = await Promise.all(candidates.map(name => readReader(join(folder, name))));
  const found = read.filter(entry => entry !== null);
  const fitting = found.filter(({ reader }) => reader.outputLength === embeddingLength);
  const [first] = fitting.sort((one, other) => rankOf(basename(one.path)) - rankOf(basename(other.path)));
  if (first !== undefined) return first;
  const models = new Set(files.filter(name => !isReader(name)).map(name => name.replace(/-\d{5}-of-\d{5}/, "")));
  return (found.length === 1 && models.size === 1 && found[0]) || null;
}

async function readReader(path: string): Promise<FoundPictureReader | null> {
  try {
    const reader = pictureReaderOf(await readGgufHeader(path));
    return reader && { path, reader };
  } catch {
    // An unreadable file does not help here: the library lists it with the reason.
    return null;
  }
}
