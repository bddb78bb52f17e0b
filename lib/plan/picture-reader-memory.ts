import type { PictureReader } from "@/lib/gguf/picture-reader";

/** Readers that take a picture in its own size are given at most this many tokens for it; a quarter of the context at most. */
const MOST_PICTURE_TOKENS = 4096;
/** Below this, text in a picture cannot be read. */
const FEWEST_PICTURE_TOKENS = 256;

/** For llama-server's `--image-max-tokens`. Readers of a fixed size take no notice of it. */
export const mostPictureTokens = (contextTokens: number): number =>
  Math.min(MOST_PICTURE_TOKENS, Math.max(FEWEST_PICTURE_TOKENS, Math.floor(contextTokens / 4)));

const F32_BYTES = 4;

/**
 * Bytes that an mmproj file takes: its weights exactly, and its compute buffer as the most that one layer has at a time.
 *
 * The weights are loaded beside the model's. The buffer is estimated for the largest picture: all patches of it pass through a layer at
 * once. In attention these are the residual, Q, K and V, K and V again in f16, and the result; in the feed-forward, the residual, what
 * goes in, and its rows before and after the activation. Flash attention keeps no matrix of scores, and clip.cpp uses it where it can.
 *
 * @see llama.cpp tools/mtmd/clip.cpp, build_vit and reserve_compute_meta
 */
export function pictureReaderMemory(reader: PictureReader, pictureTokens: number) {
  const { weightsBytes, imageSize, patchSize, mergedPatches, embeddingLength, feedForwardLength } = reader;
  const ownPatches = Math.floor(imageSize / patchSize) ** 2;
  const patches = Math.max(ownPatches, pictureTokens * mergedPatches ** 2);
  const elements = patches * Math.max(6 * embeddingLength, 2 * embeddingLength + 2 * feedForwardLength);
  // Its pixels in three colours, and the same laid out by patches.
  const pixels = 2 * 3 * patches * patchSize ** 2;
  return { weightsBytes, computeBytes: F32_BYTES * (elements + pixels) };
}
