import { GgufFormatError } from "../header/gguf-format-error";
import type { Metadata, MetadataArray, MetadataValue } from "../header/read-metadata";

/** Counts in a header are 32-bit in llama.cpp. */
const MAX_COUNT = 0xffff_ffff;

/**
 * Typed look-ups in a header's metadata. `{arch}` in a key stands for the file's architecture (`llama.block_count`). A value of the
 * wrong type or range throws a `GgufFormatError` that names key, value and limit.
 */
export class MetadataFields {
  constructor(
    private readonly metadata: Metadata,
    private readonly architecture: string,
  ) {}

  has(key: string): boolean {
    return this.metadata.has(this.fullKey(key));
  }

  /** Whether a number, or the numbers of a list, are stored in 64 bits. */
  isWideNumber(key: string): boolean {
    const value = this.#value(key);
    const list = listOf(value);
    return list === null ? typeof value === "bigint" : list.elementType === "u64" || list.elementType === "i64";
  }

  string(key: string): string | null {
    const value = this.#value(key);
    if (value === null) return null;
    return typeof value === "string" ? value : this.#fail(key, "a string");
  }

  /** A non-negative integer, or null when the key is missing. */
  count(key: string, max = MAX_COUNT): number | null {
    const value = this.#value(key);
    return value === null ? null : this.#countOf(key, value, max);
  }

  requiredCount(key: string, min: number, max = MAX_COUNT): number {
    const count = this.count(key, max);
    if (count === null) throw new GgufFormatError("CORRUPT_MODEL", `The header lacks ${this.fullKey(key)}.`, 0);
    return count >= min ? count : this.#fail(key, `at least ${min}`);
  }

  /** One count per block. The key holds either one number for all blocks or a list with one for each. */
  countPerBlock(key: string, blocks: number, max = MAX_COUNT): readonly number[] | null {
    const value = this.#value(key);
    if (value === null) return null;
    const list = listOf(value);
    if (list === null) return new Array<number>(blocks).fill(this.#countOf(key, value, max));
    if (list.length < blocks || list.values === null) this.#fail(key, `${blocks} values, one a block`);
    return (list.values ?? []).slice(0, blocks).map(entry => this.#countOf(key, entry, max));
  }

  /** One flag per block if the key holds a list; null if it holds anything else or is missing. */
  flagPerBlock(key: string, blocks: number): readonly boolean[] | null {
    const list = listOf(this.#value(key));
    if (list === null) return null;
    if (list.values === null || list.length < blocks) this.#fail(key, `${blocks} values, one a block`);
    return (list.values ?? []).slice(0, blocks).map(entry => Boolean(entry));
  }

  /** Length of a list that must hold strings; null when the key is missing. */
  stringListLength(key: string): number | null {
    return this.listLength(key, ["string"]);
  }

  listLength(key: string, elementTypes: readonly string[]): number | null {
    const value = this.#value(key);
    if (value === null) return null;
    const list = listOf(value);
    if (list === null || !elementTypes.includes(list.elementType))
      return this.#fail(key, `a list of ${elementTypes.join(" or ")}`);
    return list.length;
  }

  #countOf(key: string, value: MetadataValue, max: number): number {
    const count = typeof value === "bigint" ? Number(value) : value;
    // Some converters wrote counts, such as head counts, as floats or signed numbers: only the value is checked, not its type.
    return typeof count === "number" && Number.isInteger(count) && count >= 0 && count <= max
      ? count
      : this.#fail(key, `an integer from 0 to ${max}`);
  }

  /** The key as it is written in the file. */
  fullKey(key: string): string {
    return key.replace("{arch}", this.architecture);
  }

  #value(key: string): MetadataValue | null {
    return this.metadata.get(this.fullKey(key))?.value ?? null;
  }

  #fail(key: string, expected: string): never {
    const entry = this.metadata.get(this.fullKey(key));
    throw new GgufFormatError(
      "CORRUPT_MODEL",
      `${this.fullKey(key)} is ${shown(entry?.value)}; it must be ${expected}.`,
      entry?.offsetBytes ?? 0,
    );
  }
}

function listOf(value: MetadataValue | null): MetadataArray | null {
  return typeof value === "object" ? value : null;
}

function shown(value: MetadataValue | undefined): string {
  if (typeof value === "object") return `a list of ${value.length} ${value.elementType}`;
  return typeof value === "string" ? `"${value.slice(0, 40)}"` : String(value);
}
