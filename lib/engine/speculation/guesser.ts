import type { Token } from "node-llama-cpp";

/** Guesses what follows a text, which is all the tokens that were pushed. */
export interface Guesser {
  push(tokens: readonly Token[]): void;
  /** At most this many tokens; none if it has no guess. */
  guess(limit: number): readonly Token[] | Promise<readonly Token[]>;
}
