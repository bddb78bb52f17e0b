/** `name-00002-of-00003.gguf`. @see llama.cpp src/llama.cpp (llama_split_path) */
const SPLIT_NAME = /-\d{5}-of-(\d{5})\.gguf$/;

/** The number of parts of a model, from the file's name; 1 for a model in one file. */
export const splitPartCount = (name: string): number => Number(SPLIT_NAME.exec(name)?.[1] ?? 1);

/** Names of all parts in order, from the name of any of them; the name itself for a model in one file. */
export function splitPartNames(name: string): readonly string[] {
  if (!SPLIT_NAME.test(name)) return [name];
  return Array.from({ length: splitPartCount(name) }, (_, index) => {
    const number = (index + 1).toString().padStart(5, "0");
    return name.replace(SPLIT_NAME, `-${number}-of-$1.gguf`);
  });
}

/** A piece of a file that was cut by size. A piece alone is not usable. */
export interface CutPiece {
  /** Name of the whole file. */
  readonly whole: string;
  /** All pieces in order if the name gives their number; otherwise a pattern that matches them. */
  readonly pieces: readonly string[];
}

/** `x.gguf.part1of2`: the name gives the number of pieces. */
const NUMBERED_PIECE = /^(.+\.gguf)\.part(\d{1,3})of(\d{1,3})$/i;
/** `x.gguf-split-a`, `x.gguf.part-00`, `x.gguf.001`: made by `split` and similar programs. */
const OTHER_PIECE = /^(.+\.gguf)(-split-|\.part-?|\.(?=\d{3}$))[a-z0-9]{1,4}$/i;

/** The whole file that this piece belongs to, if it was cut with `split` as was usual before llama.cpp read split models; null for other names. */
export function cutPiece(name: string): CutPiece | null {
  const numbered = NUMBERED_PIECE.exec(name);
  if (numbered?.[1] !== undefined) {
    const [, whole, , count] = numbered;
    return {
      whole,
      pieces: Array.from({ length: Number(count) }, (_, index) => `${whole}.part${index + 1}of${count}`),
    };
  }
  const other = OTHER_PIECE.exec(name);
  return other?.[1] === undefined ? null : { whole: other[1], pieces: [`${other[1]}${other[2]}*`] };
}
