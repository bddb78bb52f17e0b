import type { CallFormat } from "./call-format";

/** A piece of one call's arguments. The first piece of a call may be empty. */
export interface CallPiece {
  /** The number of the call, from 0. */
  readonly index: number;
  readonly name: string;
  readonly text: string;
}

export interface ReadCall {
  readonly name: string;
  readonly arguments: string;
}

/** Reads the calls of an answer while it is written, piece by piece. Text between calls is skipped. */
export class CallReader {
  readonly #calls: { name: string; arguments: string }[] = [];
  /** Text that was not read yet. */
  #rest = "";
  #state: "between" | "name" | "arguments" = "between";
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(private readonly format: CallFormat) {}

  get calls(): readonly ReadCall[] {
    return this.#calls.map(({ name, arguments: text }) => ({ name, arguments: text }));
  }

  /** Whether the last call has ended. */
  get isWhole(): boolean {
    return this.#calls.length > 0 && this.#state === "between";
  }

  /** @returns what the new text adds to the calls */
  read(text: string): CallPiece[] {
    this.#rest += text;
    const pieces: CallPiece[] = [];
    while (this.#step(pieces));
    return pieces;
  }

  /** @returns whether anything was read */
  #step(pieces: CallPiece[]): boolean {
    if (this.#state === "between") return this.#skipToName();
    if (this.#state === "name") return this.#readName(pieces);
    return this.#readArguments(pieces);
  }

  #skipToName(): boolean {
    const { beforeName } = this.format;
    const at = this.#rest.indexOf(beforeName);
    if (at < 0) return false;
    this.#rest = this.#rest.slice(at + beforeName.length);
    this.#state = "name";
    return true;
  }

  #readName(pieces: CallPiece[]): boolean {
    const at = this.#rest.indexOf(this.format.beforeArguments);
    if (at < 0) return false;
    const name = this.#rest.slice(0, at);
    this.#rest = this.#rest.slice(at + this.format.beforeArguments.length);
    this.#calls.push({ name, arguments: "" });
    this.#state = "arguments";
    this.#depth = 0;
    pieces.push({ index: this.#calls.length - 1, name, text: "" });
    return true;
  }

  #readArguments(pieces: CallPiece[]): boolean {
    const call = this.#calls.at(-1);
    if (call === undefined || this.#rest === "") return false;
    const end = this.#endOfValue();
    const text = this.#rest.slice(0, end ?? this.#rest.length);
    this.#rest = this.#rest.slice(text.length);
    call.arguments += text;
    pieces.push({ index: this.#calls.length - 1, name: call.name, text });
    if (end === null) return false;
    this.#state = "between";
    return true;
  }

  /** The place after the object that is being read; null if it goes on. */
  #endOfValue(): number | null {
    for (let at = 0; at < this.#rest.length; at++) {
      const character = this.#rest[at] ?? "";
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (character === "\\") this.#escaped = true;
        else if (character === '"') this.#inString = false;
      } else if (character === '"') this.#inString = true;
      else if (character === "{" || character === "[") this.#depth += 1;
      else if (character === "}" || character === "]") {
        this.#depth -= 1;
        if (this.#depth === 0) return at + 1;
      }
    }
    return null;
  }
}
