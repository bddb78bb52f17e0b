import { randomFillSync } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { tensorTypes } from "../header/tensor-types";
import { type ModelShape, shapeFile } from "./model-shapes";

/**
 * Where the blocks of a type hold their scales as half floats, and a scale that gives weights of about 0.02: random scales would be
 * infinite or no number in some blocks. @see llama.cpp ggml/src/ggml-common.h
 */
const scales: Readonly<Record<string, { readonly offsets: readonly number[]; readonly half: number }>> = {
  Q4_0: { offsets: [0], half: 0x1c00 },
  Q4_1: { offsets: [0, 2], half: 0x1800 },
  Q5_0: { offsets: [0], half: 0x1800 },
  Q8_0: { offsets: [0], half: 0x0c00 },
  IQ4_NL: { offsets: [0], half: 0x0c00 },
  Q2_K: { offsets: [80, 82], half: 0x1000 },
  Q3_K: { offsets: [108], half: 0x0c00 },
  Q4_K: { offsets: [0, 2], half: 0x0400 },
  Q5_K: { offsets: [0, 2], half: 0x0300 },
  Q6_K: { offsets: [208], half: 0x0080 },
};

const POOL_BLOCKS = 1 << 16;

/** Weights of one type, without an end: random in each block of the pool, and the pool is repeated. */
function poolOf(typeName: string): Buffer {
  const type = [...tensorTypes.values()].find(({ name }) => name === typeName);
  if (type === undefined) throw new Error(`No tensor type is named "${typeName}".`);
  const pool = randomFillSync(Buffer.alloc(POOL_BLOCKS * type.blockBytes));
  if (typeName === "F32") {
    for (let at = 0; at < pool.length; at += 4) pool.writeFloatLE((pool.readUInt16LE(at) / 65_535 - 0.5) * 0.06, at);
    return pool;
  }
  const scale = scales[typeName];
  if (scale === undefined) throw new Error(`No random weights are known for ${typeName}.`);
  for (let block = 0; block < pool.length; block += type.blockBytes)
    for (const offset of scale.offsets) pool.writeUInt16LE(scale.half, block + offset);
  return pool;
}

/** Norms: with these every block leaves its input at the same size. */
const onesPool = (): Buffer => Buffer.from(new Float32Array(POOL_BLOCKS).fill(1).buffer);

/**
 * Writes a whole model with random weights: its tensors are read from memory as a real model's are. Sparse zeros would all be one page.
 */
export function writeRandomModel(path: string, shape: ModelShape): void {
  const { header, fileBytes } = shapeFile(shape);
  const pools = new Map<string, Buffer>();
  const file = openSync(path, "w");
  try {
    writeSync(file, header);
    let at = header.byteLength;
    const { tensors } = shape.gguf;
    for (const { dimensions, type } of tensors) {
      const key = dimensions.length === 1 ? "ones" : type;
      const pool = pools.get(key) ?? (key === "ones" ? onesPool() : poolOf(type));
      pools.set(key, pool);
      const stored = [...tensorTypes.values()].find(({ name }) => name === type);
      const elements = dimensions.reduce((product, size) => product * size, 1);
      let left = (elements / (stored?.blockElements ?? 1)) * (stored?.blockBytes ?? 0);
      const padding = (32 - (left % 32)) % 32;
      while (left > 0) {
        const bytes = Math.min(left, pool.length);
        writeSync(file, pool, 0, bytes);
        left -= bytes;
        at += bytes;
      }
      writeSync(file, Buffer.alloc(padding));
      at += padding;
    }
    if (at !== fileBytes) throw new Error(`${shape.id}: wrote ${at} bytes of ${fileBytes}.`);
  } finally {
    closeSync(file);
  }
}
