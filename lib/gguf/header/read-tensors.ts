import type { ByteReader } from "./byte-reader";
import { GgufFormatError } from "./gguf-format-error";
import { type TensorType, tensorTypes } from "./tensor-types";

/** Real files have up to about 2,000. */
const MAX_TENSORS = 65_536;
/** ggml keeps names in 64 bytes with a closing zero (GGML_MAX_NAME). */
const MAX_TENSOR_NAME_BYTES = 63;
/** GGML_MAX_DIMS */
const MAX_DIMENSIONS = 4;
/** Average size of an entry (name, two dimensions, type and offset). Used to ask for the rest of the table at once. */
const TYPICAL_TENSOR_ENTRY_BYTES = 64;

export interface TensorInfo {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly typeName: string;
  readonly elements: number;
  readonly bytes: number;
  /** From the start of the data section. */
  readonly dataOffsetBytes: number;
}

export function readTensorCount(reader: ByteReader): number {
  return reader.count(MAX_TENSORS, "number of tensors");
}

export function readTensors(reader: ByteReader, count: number): TensorInfo[] {
  const names = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    const offsetBytes = reader.offsetBytes;
    const tensor = readTensor(reader, index, (count - index) * TYPICAL_TENSOR_ENTRY_BYTES);
    if (names.has(tensor.name))
      throw new GgufFormatError("CORRUPT_MODEL", `Tensor "${tensor.name}" appears twice.`, offsetBytes);
    names.add(tensor.name);
    return tensor;
  });
}

function readTensor(reader: ByteReader, index: number, restBytes: number): TensorInfo {
  const startBytes = reader.offsetBytes;
  const name = reader.string(MAX_TENSOR_NAME_BYTES, `the name of tensor ${index}`, restBytes);
  const fail = (message: string): never => {
    throw new GgufFormatError("CORRUPT_MODEL", `Tensor "${name}" ${message}`, startBytes);
  };
  const dimensionCount = reader.u32();
  if (dimensionCount > MAX_DIMENSIONS) fail(`has ${dimensionCount} dimensions; at most ${MAX_DIMENSIONS} are allowed.`);
  const dimensions = Array.from({ length: dimensionCount }, () =>
    reader.count(Number.MAX_SAFE_INTEGER, `size of tensor "${name}"`),
  );
  const typeNumber = reader.u32();
  const type = tensorTypes.get(typeNumber) ?? fail(`has the unknown type ${typeNumber}.`);
  const dataOffsetBytes = reader.count(Number.MAX_SAFE_INTEGER, `offset of tensor "${name}"`);
  const elements = dimensions.reduce((product, dimension) => product * dimension, 1);
  if (elements === 0) fail(`has a dimension of 0 (${dimensions.join(" x ")}).`);
  const bytes = storedBytes(elements, type);
  // Beyond 2^53 the product is no longer exact; no file is that large.
  if (!Number.isSafeInteger(elements) || !Number.isSafeInteger(bytes))
    fail(`has ${dimensions.join(" x ")} elements, too many for any file.`);
  if ((dimensions[0] ?? 1) % type.blockElements !== 0)
    fail(`has rows of ${dimensions[0]} elements, not a multiple of ${type.name}'s block of ${type.blockElements}.`);
  return { name, dimensions, typeName: type.name, elements, bytes, dataOffsetBytes };
}

const storedBytes = (elements: number, type: TensorType): number => (elements / type.blockElements) * type.blockBytes;

/**
 * Tensors must follow one another, each padded to the alignment, and end inside the file.
 * llama.cpp requires the same, which excludes overlaps and holes.
 */
export function checkTensorData(
  tensors: readonly TensorInfo[],
  alignmentBytes: number,
  dataStartBytes: number,
  fileBytes: number,
): void {
  let expectedOffsetBytes = 0;
  for (const { name, bytes, dataOffsetBytes } of tensors) {
    if (dataOffsetBytes !== expectedOffsetBytes)
      throw new GgufFormatError(
        "CORRUPT_MODEL",
        `Tensor "${name}" starts at ${dataOffsetBytes} of the data; ${expectedOffsetBytes} was expected.`,
        dataStartBytes + dataOffsetBytes,
      );
    const endBytes = dataStartBytes + dataOffsetBytes + bytes;
    if (endBytes > fileBytes)
      throw new GgufFormatError(
        "CORRUPT_MODEL",
        `The file is cut off: tensor "${name}" ends at byte ${endBytes}, the file has ${fileBytes} bytes.`,
        fileBytes,
      );
    expectedOffsetBytes += Math.ceil(bytes / alignmentBytes) * alignmentBytes;
  }
}
