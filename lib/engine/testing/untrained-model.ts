import { readFileSync, writeFileSync } from "node:fs";
import { readHeader } from "@/lib/gguf/header/read-header";

/** Of a block of Q4_1: its scale and its least value come first, then 32 numbers of four bits. */
const BLOCK_BYTES = 20;
const SCALE_BYTES = 4;

/** Writes a model like this one in everything but its weights, which say nothing: the numbers of each Q4_1 block are other ones. */
export function writeUntrained(modelPath: string, path: string): void {
  const file = readFileSync(modelPath);
  const { tensors, headerBytes } = readHeader(file, file.length);
  let state = 1;
  for (const { typeName, dataOffsetBytes, bytes } of tensors) {
    if (typeName !== "Q4_1") continue;
    const start = headerBytes + dataOffsetBytes;
    for (let at = start; at < start + bytes; at += 1) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      if ((at - start) % BLOCK_BYTES >= SCALE_BYTES) file[at] = state >>> 24;
    }
  }
  writeFileSync(path, file);
}
