import type { LlamaContextSequence, Token } from "node-llama-cpp";
import { PauseWork } from "../sequences/pause-work";
import type { SequencePool } from "../sequences/sequence-pool";
import { type KeptSequence, KvShelf } from "./kv-shelf";

type Sequence = KeptSequence & Pick<LlamaContextSequence, "needsCheckpoints">;

/** A chat that nobody wrote in for so long has a pause in which its cache can be written without making an answer wait. */
const IDLE_MS = 10_000;

/** A chat whose cache may be kept, and where. */
export interface KeptChat {
  readonly chatId: string;
  readonly folder: string;
}

/** Keeps the caches of chats on disk: writes them in pauses and before the context goes, and reads one when its chat goes on. */
export class KvKeeper {
  readonly #pauses: PauseWork<Sequence>;
  #shelf: { readonly folder: string; readonly shelf: KvShelf } | null = null;

  constructor(
    sequences: Pick<SequencePool<Sequence>, "takenCount" | "whileIdle">,
    /** Model file, cache and llama.cpp release. */
    private readonly load: string,
  ) {
    this.#pauses = new PauseWork(sequences, IDLE_MS);
  }

  /** For the answer that begins on this sequence. */
  async begin(sequence: Sequence, chat: KeptChat | null, prompt: readonly Token[]): Promise<void> {
    this.#pauses.begin(sequence);
    if (chat !== null && !sequence.needsCheckpoints)
      await this.#shelfIn(chat.folder).restore(sequence, chat.chatId, prompt);
  }

  /** The answer has ended and has given the sequence back. */
  end(sequence: Sequence, chat: KeptChat | null): void {
    const isKept = chat !== null && !sequence.needsCheckpoints;
    this.#pauses.end(sequence, isKept ? () => this.#shelfIn(chat.folder).keep(sequence, chat.chatId) : null);
  }

  /** Writes what is not on disk yet, before the context is disposed. A sequence that is in use is left out. */
  close(): Promise<void> {
    return this.#pauses.run();
  }

  #shelfIn(folder: string): KvShelf {
    if (this.#shelf?.folder !== folder) {
      const shelf = new KvShelf({ folder, load: this.load });
      this.#shelf = { folder, shelf };
    }
    return this.#shelf.shelf;
  }
}
