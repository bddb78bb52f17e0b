import type { MemoryParts } from "@/lib/schema/plans/receipt";
import { formatGib } from "@/lib/units/bytes";

export type PartId = "others" | "embedding" | "beside" | "weights" | "kv" | "compute" | "overhead";

/** Memory of a card or of the computer, split by its users. The rest of the total is free. */
export type PartBytes = Readonly<Record<PartId, number>>;

/** In the order in which every picture draws them. */
export const memoryPartLooks = [
  { id: "others", name: "Others", fill: "hatched" },
  { id: "embedding", name: "Embeddings", fill: "var(--accent)" },
  { id: "beside", name: "Beside the model", fill: "var(--accent-strong)" },
  { id: "weights", name: "Weights", fill: "var(--weights)" },
  { id: "kv", name: "KV cache", fill: "var(--kv)" },
  { id: "compute", name: "Compute", fill: "var(--compute)" },
  { id: "overhead", name: "Overhead", fill: "var(--overhead)" },
] as const satisfies readonly { id: PartId; name: string; fill: string }[];

interface BesideBytes {
  readonly embeddingBytes?: number | undefined;
  readonly besideBytes?: number | undefined;
}

/** @param beside what an embedding model, and what is loaded beside the model, take of system memory; on a card, the latter is in the overhead */
export const partBytes = (parts: MemoryParts, othersBytes: number, beside: BesideBytes = {}): PartBytes => ({
  others: othersBytes,
  embedding: beside.embeddingBytes ?? 0,
  beside: beside.besideBytes ?? 0,
  weights: parts.weightsBytes,
  kv: parts.kvBytes,
  compute: parts.computeBytes,
  overhead: parts.overheadBytes,
});

export const usedBytes = (bytes: PartBytes): number => memoryPartLooks.reduce((sum, part) => sum + bytes[part.id], 0);

/**
 * "6.20 GiB of 8.00 GiB: others 0.84 GiB, weights 2.39 GiB": what a screen reader says for a meter, with any excess first. Empty parts
 * are left out.
 */
export function partsInWords(bytes: PartBytes, totalBytes: number): string {
  const parts = memoryPartLooks
    .filter(part => bytes[part.id] > 0)
    .map(part => `${part.name.toLowerCase()} ${formatGib(bytes[part.id])}`);
  const list = parts.length === 0 ? "" : `: ${parts.join(", ")}`;
  const excessBytes = usedBytes(bytes) - totalBytes;
  const excess = excessBytes > 0 ? `${formatGib(excessBytes)} too much: ` : "";
  return `${excess}${formatGib(usedBytes(bytes))} of ${formatGib(totalBytes)}${list}`;
}
