import { readFileSync, writeFileSync } from "node:fs";
import { readHeader } from "@/lib/gguf/header/read-header";
import type { TensorInfo } from "@/lib/gguf/header/read-tensors";
import { tensorTypes } from "@/lib/gguf/header/tensor-types";

const typeIds = new Map([...tensorTypes].map(([id, { name }]) => [name, id]));
/** What these matrices make is added to the text's state: with zeros, a block leaves it as it was. */
const ADDING = /\.(?:attn_output|ffn_down)\.weight$/;

interface Stored {
  readonly info: TensorInfo;
  readonly data: Uint8Array;
}

/**
 * Writes a llama model that answers exactly like this one and takes `times` as long: behind its blocks come copies of them that add
 * nothing. It is the large model to which the original is a perfect draft model.
 */
export function writeDeepened(modelPath: string, path: string, times: number): void {
  const file = readFileSync(modelPath);
  const header = readHeader(file, file.length);
  const stored = header.tensors.map(info => {
    const start = header.headerBytes + info.dataOffsetBytes;
    return { info, data: file.subarray(start, start + info.bytes) };
  });
  const blocks = 1 + Math.max(...stored.map(({ info }) => Number(/^blk\.(\d+)/.exec(info.name)?.[1] ?? -1)));
  const copies = Array.from({ length: blocks * (times - 1) }, (_, index) =>
    blockCopy(stored, index % blocks, blocks + index),
  );
  const all = [...stored, ...copies.flat()];

  const front = Buffer.from(file.subarray(0, header.tensorTable.startBytes));
  // "GGUF", the version, then the number of tensors.
  front.writeBigUInt64LE(BigInt(all.length), 8);
  const key = "llama.block_count";
  // After the key comes the type of its value, a u32.
  front.writeUInt32LE(blocks * times, front.indexOf(key) + key.length + 4);

  const align = (bytes: number) => Math.ceil(bytes / header.alignmentBytes) * header.alignmentBytes;
  let offsetBytes = 0;
  const entries = all.map(({ info }) => {
    const entry = tensorEntry(info, offsetBytes);
    offsetBytes += align(info.bytes);
    return entry;
  });
  const head = Buffer.concat([front, ...entries]);
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes], align(bytes.length));
  writeFileSync(path, Buffer.concat([padded(head), ...all.map(({ data }) => padded(data))]));
}

const blockCopy = (stored: readonly Stored[], from: number, to: number): Stored[] =>
  stored
    .filter(({ info }) => info.name.startsWith(`blk.${from}.`))
    .map(({ info, data }) => ({
      info: { ...info, name: info.name.replace(`blk.${from}.`, `blk.${to}.`) },
      data: ADDING.test(info.name) ? new Uint8Array(data.length) : data,
    }));

/** Name, dimensions, type and place, as the tensor table holds them. */
function tensorEntry({ name, dimensions, typeName }: TensorInfo, offsetBytes: number): Buffer {
  const entry = Buffer.alloc(8 + name.length + 4 + 8 * dimensions.length + 4 + 8);
  entry.writeBigUInt64LE(BigInt(name.length), 0);
  let at = 8 + entry.write(name, 8, "latin1");
  at = entry.writeUInt32LE(dimensions.length, at);
  for (const size of dimensions) at = entry.writeBigUInt64LE(BigInt(size), at);
  at = entry.writeUInt32LE(typeIds.get(typeName) ?? 0, at);
  entry.writeBigUInt64LE(BigInt(offsetBytes), at);
  return entry;
}
