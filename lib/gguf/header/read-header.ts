import { ByteReader } from "./byte-reader";
import { GgufFormatError } from "./gguf-format-error";
import { type Metadata, readMetadata, readMetadataCount } from "./read-metadata";
import { checkTensorData, readTensorCount, readTensors, type TensorInfo } from "./read-tensors";

/** Metadata and tensor table. Their form is checked, their meaning is not checked yet. */
export interface GgufHeader {
  readonly version: 2 | 3;
  readonly metadata: Metadata;
  readonly tensors: readonly TensorInfo[];
  readonly alignmentBytes: number;
  /** From the end of the metadata to the end of the last entry, without the padding. */
  readonly tensorTable: { readonly startBytes: number; readonly endBytes: number };
  /** Where the tensor data starts. */
  readonly headerBytes: number;
  readonly fileBytes: number;
}

const MAGIC = "GGUF";
const DEFAULT_ALIGNMENT_BYTES = 32;
/** llama.cpp accepts any power of two; files use 32 or 64. A larger alignment would only add huge padding. */
const MAX_ALIGNMENT_BYTES = 1024 * 1024;

/** @throws GgufFormatError for a file that is no valid GGUF; `NeedMoreBytes` when the bytes end before the header does */
export function readHeader(bytes: Uint8Array, fileBytes: number): GgufHeader {
  checkMagic(bytes, fileBytes);
  const reader = new ByteReader(bytes, fileBytes);
  reader.skip(MAGIC.length);
  const version = readVersion(reader);
  const tensorCount = readTensorCount(reader);
  const metadata = readMetadata(reader, readMetadataCount(reader));
  const alignmentBytes = alignmentOf(metadata);
  const startBytes = reader.offsetBytes;
  const tensors = readTensors(reader, tensorCount);
  const tensorTable = { startBytes, endBytes: reader.offsetBytes };
  const headerBytes = Math.ceil(tensorTable.endBytes / alignmentBytes) * alignmentBytes;
  checkTensorData(tensors, alignmentBytes, headerBytes, fileBytes);
  return { version, metadata, tensors, alignmentBytes, tensorTable, headerBytes, fileBytes };
}

/** Other kinds of file that people name .gguf by accident, by their first bytes. */
const lookalikes: readonly (readonly [start: string, meaning: string])[] = [
  ["version https://git-lfs", "This is a Git LFS pointer, not the model itself: fetch the file with git lfs pull."],
  ["<", "This is a web page, not a model: the download got an error page or a login form."],
  ["PK\u0003\u0004", "This is a zip archive: unpack it first."],
  ["tjgg", "This is a GGML file from before GGUF: convert it or take a newer file."],
  ["lmgg", "This is a GGML file from before GGUF: convert it or take a newer file."],
];

function checkMagic(bytes: Uint8Array, fileBytes: number): void {
  const start = String.fromCharCode(...bytes.subarray(0, Math.min(32, fileBytes)));
  if (start.startsWith(MAGIC) || (start.length < fileBytes && MAGIC.startsWith(start))) return;
  if (fileBytes === 0) throw new GgufFormatError("NOT_GGUF", "The file is empty.", 0);
  const lookalike = lookalikes.find(([prefix]) => start.trimStart().startsWith(prefix));
  throw new GgufFormatError("NOT_GGUF", lookalike?.[1] ?? 'The file does not start with "GGUF".', 0);
}

function readVersion(reader: ByteReader): 2 | 3 {
  const offsetBytes = reader.offsetBytes;
  const version = reader.u32();
  if (version === 2 || version === 3) return version;
  const swapped = version % 0x1_0000 === 0 && version !== 0;
  throw new GgufFormatError(
    "UNSUPPORTED_VERSION",
    swapped
      ? "This GGUF is big-endian; only little-endian files can be read here."
      : `This is GGUF version ${version}; versions 2 and 3 are supported.`,
    offsetBytes,
  );
}

function alignmentOf(metadata: Metadata): number {
  const entry = metadata.get("general.alignment");
  if (entry === undefined) return DEFAULT_ALIGNMENT_BYTES;
  const { value, offsetBytes } = entry;
  if (typeof value === "number" && value >= 1 && value <= MAX_ALIGNMENT_BYTES && Number.isInteger(Math.log2(value)))
    return value;
  throw new GgufFormatError(
    "CORRUPT_MODEL",
    `general.alignment is ${String(value)}; it must be a power of two up to ${MAX_ALIGNMENT_BYTES}.`,
    offsetBytes,
  );
}
