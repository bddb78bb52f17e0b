import { type TensorType, tensorTypes } from "../header/tensor-types";

/**
 * Writes GGUF headers for tests and benchmarks. They are valid unless the test asks for a fault.
 * A bare number is written as u32, the type of nearly all counts.
 */
export type WritableValue =
  | string
  | number
  | boolean
  | { readonly type: NumberTypeName; readonly value: number | bigint }
  | { readonly type: NumberTypeName; readonly values: readonly (number | bigint)[] }
  | { readonly strings: readonly string[] };

export interface WritableTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  /** Name as in tensor-types.ts, such as "Q4_K". */
  readonly type: string;
  /** Overrides the offset that results from the preceding tensors. */
  readonly dataOffsetBytes?: number;
}

export interface WritableGguf {
  readonly version?: number;
  readonly metadata: Readonly<Record<string, WritableValue>>;
  readonly tensors: readonly WritableTensor[];
}

const numberTypes = {
  u8: { id: 0, bytes: 1, write: (view, at, value) => view.setUint8(at, Number(value)) },
  i8: { id: 1, bytes: 1, write: (view, at, value) => view.setInt8(at, Number(value)) },
  u16: { id: 2, bytes: 2, write: (view, at, value) => view.setUint16(at, Number(value), true) },
  i16: { id: 3, bytes: 2, write: (view, at, value) => view.setInt16(at, Number(value), true) },
  u32: { id: 4, bytes: 4, write: (view, at, value) => view.setUint32(at, Number(value), true) },
  i32: { id: 5, bytes: 4, write: (view, at, value) => view.setInt32(at, Number(value), true) },
  f32: { id: 6, bytes: 4, write: (view, at, value) => view.setFloat32(at, Number(value), true) },
  bool: { id: 7, bytes: 1, write: (view, at, value) => view.setUint8(at, Number(value)) },
  u64: { id: 10, bytes: 8, write: (view, at, value) => view.setBigUint64(at, BigInt(value), true) },
  i64: { id: 11, bytes: 8, write: (view, at, value) => view.setBigInt64(at, BigInt(value), true) },
  f64: { id: 12, bytes: 8, write: (view, at, value) => view.setFloat64(at, Number(value), true) },
} satisfies Record<
  string,
  { id: number; bytes: number; write: (view: DataView, at: number, value: number | bigint) => void }
>;
type NumberTypeName = keyof typeof numberTypes;

const STRING_TYPE = 8;
const ARRAY_TYPE = 9;
const DEFAULT_ALIGNMENT_BYTES = 32;

const typesByName: ReadonlyMap<string, { readonly id: number; readonly type: TensorType }> = new Map(
  [...tensorTypes].map(([id, type]) => [type.name, { id, type }]),
);

/** @returns the header, padded to where the tensor data starts */
export function writeGgufHeader({ version = 3, metadata, tensors }: WritableGguf): Uint8Array {
  const sink = new ByteSink();
  for (const character of "GGUF") sink.number("u8", character.charCodeAt(0));
  sink.number("u32", version);
  sink.number("u64", tensors.length);
  sink.number("u64", Object.keys(metadata).length);
  for (const [key, value] of Object.entries(metadata)) {
    sink.string(key);
    writeValue(sink, value);
  }
  const alignmentBytes = alignmentOf(metadata);
  let dataOffsetBytes = 0;
  for (const tensor of tensors) {
    sink.string(tensor.name);
    sink.number("u32", tensor.dimensions.length);
    for (const dimension of tensor.dimensions) sink.number("u64", dimension);
    sink.number("u32", typesByName.get(tensor.type)?.id ?? 0);
    sink.number("u64", tensor.dataOffsetBytes ?? dataOffsetBytes);
    dataOffsetBytes += padded(tensorBytes(tensor), alignmentBytes);
  }
  return sink.finish(alignmentBytes);
}

/** Size of the whole file that starts with this header. */
export function ggufFileBytes(header: Uint8Array, { metadata, tensors }: WritableGguf): number {
  const alignmentBytes = alignmentOf(metadata);
  return tensors.reduce((sum, tensor) => sum + padded(tensorBytes(tensor), alignmentBytes), header.byteLength);
}

function tensorBytes({ dimensions, type }: WritableTensor): number {
  const stored = typesByName.get(type)?.type;
  if (!stored) throw new Error(`No tensor type is named "${type}".`);
  return (dimensions.reduce((product, size) => product * size, 1) / stored.blockElements) * stored.blockBytes;
}

const padded = (bytes: number, alignmentBytes: number): number => Math.ceil(bytes / alignmentBytes) * alignmentBytes;

function alignmentOf(metadata: WritableGguf["metadata"]): number {
  const alignment = metadata["general.alignment"];
  return typeof alignment === "number" && alignment > 0 ? alignment : DEFAULT_ALIGNMENT_BYTES;
}

function writeValue(sink: ByteSink, value: WritableValue): void {
  if (typeof value === "string") {
    sink.number("u32", STRING_TYPE);
    sink.string(value);
  } else if (typeof value === "number") {
    writeValue(sink, { type: "u32", value });
  } else if (typeof value === "boolean") {
    writeValue(sink, { type: "bool", value: Number(value) });
  } else if ("strings" in value || "values" in value) {
    sink.bytes(writtenArray(value));
  } else {
    sink.number("u32", numberTypes[value.type].id);
    sink.number(value.type, value.value);
  }
}

type WritableArray = Extract<WritableValue, { readonly strings: unknown } | { readonly values: unknown }>;

/** Many headers share one vocabulary of some 100,000 words. */
const writtenArrays = new WeakMap<WritableArray, Uint8Array>();

function writtenArray(value: WritableArray): Uint8Array {
  const known = writtenArrays.get(value);
  if (known !== undefined) return known;
  const sink = new ByteSink();
  sink.number("u32", ARRAY_TYPE);
  if ("strings" in value) {
    sink.number("u32", STRING_TYPE);
    sink.number("u64", value.strings.length);
    for (const text of value.strings) sink.string(text);
  } else {
    sink.number("u32", numberTypes[value.type].id);
    sink.number("u64", value.values.length);
    for (const entry of value.values) sink.number(value.type, entry);
  }
  const written = sink.finish(1);
  writtenArrays.set(value, written);
  return written;
}

const utf8 = new TextEncoder();

class ByteSink {
  #bytes = new Uint8Array(64 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  number(type: NumberTypeName, value: number | bigint): void {
    const { bytes, write } = numberTypes[type];
    this.#reserve(bytes);
    write(this.#view, this.#length, value);
    this.#length += bytes;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  string(text: string): void {
    // A UTF-16 unit takes at most three bytes.
    this.#reserve(8 + text.length * 3);
    const { written } = utf8.encodeInto(text, this.#bytes.subarray(this.#length + 8));
    this.number("u64", written);
    this.#length += written;
  }

  finish(alignmentBytes: number): Uint8Array {
    const length = padded(this.#length, alignmentBytes);
    this.#reserve(length - this.#length);
    return this.#bytes.slice(0, length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
