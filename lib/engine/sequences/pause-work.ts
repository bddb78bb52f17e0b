import type { LlamaContextSequence } from "node-llama-cpp";
import type { SequencePool } from "./sequence-pool";

type Work = (signal: AbortSignal) => Promise<void>;

/** Work on sequences whose answer has ended. It waits until no answer has been written for a while. */
export class PauseWork<Sequence extends Pick<LlamaContextSequence, "contextTokens"> = LlamaContextSequence> {
  readonly #works = new Map<Sequence, Work>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sequences: Pick<SequencePool<Sequence>, "takenCount" | "whileIdle">,
    private readonly pauseMs: number,
  ) {}

  /** An answer begins on this sequence: the work for its last answer is dropped. */
  begin(sequence: Sequence): void {
    this.#works.delete(sequence);
  }

  /** The answer has ended and has given the sequence back. */
  end(sequence: Sequence, work: Work | null): void {
    if (work !== null) this.#works.set(sequence, work);
    if (this.#works.size > 0) this.#wait();
  }

  /** Does what waits now, except with a sequence that is in use. */
  async run(): Promise<void> {
    clearTimeout(this.#timer);
    for (const [sequence, work] of [...this.#works])
      await this.sequences.whileIdle(sequence, async signal => {
        if (this.#works.get(sequence) !== work) return;
        this.#works.delete(sequence);
        await work(signal);
      });
  }

  /** Drops what waits. */
  close(): void {
    clearTimeout(this.#timer);
    this.#works.clear();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.sequences.takenCount > 0) this.#wait();
      else void this.run();
    }, this.pauseMs);
    this.#timer.unref();
  }
}
