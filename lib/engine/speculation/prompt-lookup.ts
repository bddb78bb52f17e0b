import type { Token } from "node-llama-cpp";
import type { Guesser } from "./guesser";

/** A shorter match says too little about what follows it: with two tokens, most guesses in a usual text were wrong. */
const LEAST_MATCH = 3;
/** A longer match is not a surer one. */
const MOST_MATCH = 32;

/**
 * Guesses the next tokens of a text: those that followed the latest earlier place with the same tokens. It is right where an answer repeats
 * the prompt or itself: quotations, changed code, lists, tables.
 *
 * @see github.com/apoorvumang/prompt-lookup-decoding
 */
export class PromptLookup implements Guesser {
  readonly #tokens: Token[] = [];
  /** Where the text continued after the latest occurrence of these tokens. Equal hashes of different tokens are found out by comparing. */
  readonly #continuedAt = new Map<number, number>();

  push(tokens: readonly Token[]): void {
    for (const token of tokens) {
      if (this.#tokens.length >= LEAST_MATCH) this.#continuedAt.set(this.#hash(), this.#tokens.length);
      this.#tokens.push(token);
    }
  }

  /** At most as many tokens as `limit`, and as those that match: a long match is likelier to go on. */
  guess(limit: number): Token[] {
    if (this.#tokens.length < LEAST_MATCH) return [];
    const at = this.#continuedAt.get(this.#hash());
    if (at === undefined) return [];
    const matched = this.#matchBefore(at);
    return matched < LEAST_MATCH ? [] : this.#from(at, Math.min(limit, matched));
  }

  #hash(): number {
    return this.#tokens.slice(-LEAST_MATCH).reduce((hash, token) => Math.imul(hash ^ token, 0x9e3779b1), 0);
  }

  #matchBefore(at: number): number {
    const end = this.#tokens.length;
    let matched = 0;
    while (matched < MOST_MATCH && matched < at && this.#tokens[at - 1 - matched] === this.#tokens[end - 1 - matched])
      matched += 1;
    return matched;
  }

  /** A repetition that reaches the end of the text is expected to go on. */
  #from(at: number, count: number): Token[] {
    const period = this.#tokens.length - at;
    return Array.from({ length: count }, (_, index) => this.#tokens[at + (index % period)] as Token);
  }
}
