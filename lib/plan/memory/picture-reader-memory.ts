import type { PictureReader } from "@/lib/gguf/profile/picture-reader";
import { F32_BYTES } from "@/lib/units/bytes";

/** Readers that take a picture in its own size are given at most this many tokens for it; a quarter of the context at most. */
const MOST_PICTURE_TOKENS = 4096;
/** Below this, text in a picture cannot be read. */
const FEWEST_PICTURE_TOKENS = 256;

/** For llama-server's `--image-max-tokens`. Readers of a fixed size ignore it. */
export const mostPictureTokens = (contextTokens: number): number =>
  Math.min(MOST_PICTURE_TOKENS, Math.max(FEWEST_PICTURE_TOKENS, Math.floor(contextTokens / 4)));

/** Boundaries of the buffer, and what is small beside it. */
const FURTHER_SHARE = 1.02;

/**
 * Bytes that an mmproj file takes: its weights exactly, and its compute buffer as llama.cpp reports it for the largest picture, or up to
 * a tenth more.
 *
 * All patches of a picture pass through a layer at once. What lies in the buffer at most: the residual and its normed copy, in the room
 * that the pixels had before, and beside them either Q, K, V and their f16 copies, or the rows of the feed-forward. Flash attention
 * keeps no matrix of scores, and clip.cpp uses it where it can.
 *
 * @see llama.cpp tools/mtmd/clip.cpp, build_vit and reserve_compute_meta
 */
export function pictureReaderMemory(reader: PictureReader, pictureTokens: number) {
  const { weightsBytes, imageSize, patchSize, mergedPatches, embeddingLength, feedForwardLength } = reader;
  const ownPatches = Math.floor(imageSize / patchSize) ** 2;
  const patches = mergedPatches === null ? ownPatches : Math.max(ownPatches, pictureTokens * mergedPatches ** 2);
  const pixels = 3 * patchSize ** 2;
  const elements = Math.max(pixels, 2 * embeddingLength) + Math.max(4 * embeddingLength, feedForwardLength);
  // One more than the patches: some models put a token before them.
  return { weightsBytes, computeBytes: Math.ceil(F32_BYTES * elements * (patches + 1) * FURTHER_SHARE) };
}
