import { GgufFormatError } from "./gguf-format-error";
import type { GgufHeader } from "./read-header";

/**
 * One header for the parts of a split model, given in order: the first part's metadata and the tensors of all parts.
 * @see llama.cpp tools/gguf-split: only the first part has keys other than `split.*`
 */
export function joinHeaders(headers: readonly GgufHeader[]): GgufHeader {
  const [first] = headers;
  if (!first) throw new RangeError("There is nothing to join.");
  if (headers.length === 1) return first;
  headers.forEach((header, index) => {
    checkPart(header, index, headers.length);
  });
  const tensors = headers.flatMap(header => header.tensors);
  const expected = splitCount(first, "split.tensors.count");
  if (expected !== null && expected !== tensors.length)
    throw new GgufFormatError("CORRUPT_MODEL", `The parts hold ${tensors.length} tensors; ${expected} were split.`, 0);
  return {
    ...first,
    // The joined header is no longer a part of a split.
    metadata: new Map([...first.metadata].filter(([key]) => !key.startsWith("split."))),
    tensors,
    headerBytes: sumOf(headers, header => header.headerBytes),
    fileBytes: sumOf(headers, header => header.fileBytes),
  };
}

function checkPart(header: GgufHeader, index: number, parts: number): void {
  const number = splitCount(header, "split.no");
  const count = splitCount(header, "split.count");
  if (number === index && count === parts) return;
  throw new GgufFormatError(
    "CORRUPT_MODEL",
    `Part ${index + 1} of ${parts} says that it is part ${number === null ? "none" : number + 1} of ${count ?? "none"}.`,
    0,
  );
}

function splitCount(header: GgufHeader, key: string): number | null {
  const value = header.metadata.get(key)?.value;
  return typeof value === "number" ? value : null;
}

const sumOf = (headers: readonly GgufHeader[], bytesOf: (header: GgufHeader) => number): number =>
  headers.reduce((sum, header) => sum + bytesOf(header), 0);
