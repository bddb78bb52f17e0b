import { randomBytes } from "node:crypto";
import { ggufFileBytes, writeGgufHeader } from "@/lib/gguf/testing/gguf-writer";
import { llama, withTokenizer } from "@/lib/gguf/testing/shape-families";
import type { StandInFile } from "./stand-in-hub";

/** A model of half a megabyte. */
export const smallGguf = withTokenizer(
  llama({ blocks: 1, width: 256, heads: 4, kvHeads: 4, feedForward: 512, vocabulary: 512, contextTokens: 512 }),
);

/** It, with as many bytes behind its tensors. The weights are random: a wrong splice shows. */
export function randomModel(moreBytes = 0): StandInFile & { readonly start: Buffer } {
  const header = writeGgufHeader(smallGguf);
  const weightBytes = ggufFileBytes(header, smallGguf) - header.byteLength;
  const start = Buffer.concat([header, randomBytes(Math.max(0, weightBytes) + moreBytes)]);
  return { start, fileBytes: start.byteLength };
}
