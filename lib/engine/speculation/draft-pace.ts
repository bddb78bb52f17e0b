import { MOST_DRAFT_TOKENS } from "@/lib/schema/plans/speculation";

const FIRST_DRAFT_TOKENS = 2;
/** Tokens written without a draft after a wrong one; doubled with each wrong one in a row. */
const FIRST_REST = 2;
const LONGEST_REST = 64;

/**
 * How many tokens to draft. Checking a token costs about half of computing it on a busy processor, and next to nothing on a card. So a
 * draft grows while all of it is right, and soon nothing is drafted for a text that cannot be guessed.
 */
export class DraftPace {
  #length = FIRST_DRAFT_TOKENS;
  #wrong = 0;
  #rest = 0;

  /** Called before each step. */
  next(): number {
    if (this.#rest === 0) return this.#length;
    this.#rest -= 1;
    return 0;
  }

  judge(drafted: number, right: number): void {
    if (drafted === 0) return;
    if (right * 2 >= drafted) {
      this.#wrong = 0;
      if (right === drafted) this.#length = Math.min(MOST_DRAFT_TOKENS, this.#length * 2);
      return;
    }
    this.#length = Math.max(1, Math.floor(this.#length / 2));
    this.#rest = Math.min(LONGEST_REST, FIRST_REST << this.#wrong);
    this.#wrong += 1;
  }
}
