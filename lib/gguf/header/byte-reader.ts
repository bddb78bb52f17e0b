import { GgufFormatError } from "./gguf-format-error";

/** Thrown and caught inside lib/gguf only: `parseGguf` returns it as a value. */
export class NeedMoreBytes {
  constructor(readonly bytes: number) {}
}

const TWO_POW_32 = 0x1_0000_0000;
const utf8 = new TextDecoder("utf-8");

/** Little-endian reader over the first bytes of a file. It never reads past them and never past the file's own end. */
export class ByteReader {
  readonly #view: DataView;
  #offsetBytes = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly fileBytes: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, fileBytes));
  }

  get offsetBytes(): number {
    return this.#offsetBytes;
  }

  /** Bytes from here to the end of the file, whether they were given or not. */
  get remainingBytes(): number {
    return this.fileBytes - this.#offsetBytes;
  }

  /**
   * Takes the next `count` bytes and returns where they start.
   * @param atLeastAfter bytes that are known to follow; makes a request for more bytes larger, so that requests are rare
   */
  #take(count: number, atLeastAfter = 0): number {
    const start = this.#offsetBytes;
    const end = start + count;
    if (end > this.fileBytes)
      throw new GgufFormatError(
        "CORRUPT_MODEL",
        `The file ends inside its header: ${count} bytes wanted at offset ${start}, the file has ${this.fileBytes} bytes.`,
        start,
      );
    if (end > this.#view.byteLength) throw new NeedMoreBytes(Math.min(this.fileBytes, end + atLeastAfter));
    this.#offsetBytes = end;
    return start;
  }

  /** @param atLeastAfter see `#take` */
  skip(count: number, atLeastAfter = 0): void {
    this.#take(count, atLeastAfter);
  }

  u8 = (): number => this.#view.getUint8(this.#take(1));
  i8 = (): number => this.#view.getInt8(this.#take(1));
  u16 = (): number => this.#view.getUint16(this.#take(2), true);
  i16 = (): number => this.#view.getInt16(this.#take(2), true);
  u32 = (): number => this.#view.getUint32(this.#take(4), true);
  i32 = (): number => this.#view.getInt32(this.#take(4), true);
  f32 = (): number => this.#view.getFloat32(this.#take(4), true);
  u64 = (): bigint => this.#view.getBigUint64(this.#take(8), true);
  i64 = (): bigint => this.#view.getBigInt64(this.#take(8), true);
  f64 = (): number => this.#view.getFloat64(this.#take(8), true);

  /**
   * A 64-bit count or length that must not exceed `limit`. `limit` is a safe integer, so the result is one.
   * @param what names the value in the error, such as "number of tensors"
   */
  count(limit: number, what: string, atLeastAfter = 0): number {
    const start = this.#take(8, atLeastAfter);
    // Two halves instead of a bigint: this runs once for each of up to a million tokenizer strings.
    const value = this.#view.getUint32(start, true) + this.#view.getUint32(start + 4, true) * TWO_POW_32;
    if (value > limit)
      throw new GgufFormatError("CORRUPT_MODEL", `The ${what} is ${value}; at most ${limit} is allowed.`, start);
    return value;
  }

  string(limitBytes: number, what: string, atLeastAfter = 0): string {
    const length = this.count(limitBytes, `length of ${what}`, atLeastAfter);
    const start = this.#take(length, atLeastAfter);
    return utf8.decode(this.bytes.subarray(start, start + length));
  }

  /** Text that was already taken. A character that the end cuts becomes a replacement character. */
  textAt(startBytes: number, count: number): string {
    return utf8.decode(this.bytes.subarray(startBytes, startBytes + count));
  }
}
