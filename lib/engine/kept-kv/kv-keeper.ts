import type { LlamaContextSequence, Token } from "node-llama-cpp";
import type { SequencePool } from "../sequence-pool";
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
  readonly #unsaved = new Map<Sequence, KeptChat>();
  #shelf: { readonly folder: string; readonly shelf: KvShelf } | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly sequences: Pick<SequencePool<Sequence>, "takenCount" | "takeIdle">,
    /** Model file, cache and llama.cpp release. */
    private readonly load: string,
  ) {}

  /** For the answer that begins on this sequence. */
  async begin(sequence: Sequence, chat: KeptChat | null, prompt: readonly Token[]): Promise<void> {
    this.#unsaved.delete(sequence);
    if (chat !== null && !sequence.needsCheckpoints)
      await this.#shelfIn(chat.folder).restore(sequence, chat.chatId, prompt);
  }

  /** The answer has ended and has given the sequence back. */
  end(sequence: Sequence, chat: KeptChat | null): void {
    if (chat !== null && !sequence.needsCheckpoints) this.#unsaved.set(sequence, chat);
    if (this.#unsaved.size > 0) this.#wait();
  }

  /** Writes what is not on disk yet. A sequence that is in use is left out. */
  async save(): Promise<void> {
    for (const [sequence, { chatId, folder }] of [...this.#unsaved]) {
      const release = this.sequences.takeIdle(sequence);
      if (release === null) continue;
      try {
        this.#unsaved.delete(sequence);
        await this.#shelfIn(folder).keep(sequence, chatId);
      } finally {
        release();
      }
    }
  }

  /** Before the context is disposed. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.save();
  }

  #wait(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.sequences.takenCount > 0) this.#wait();
      else void this.save();
    }, IDLE_MS);
    this.#timer.unref();
  }

  #shelfIn(folder: string): KvShelf {
    if (this.#shelf?.folder !== folder) {
      const shelf = new KvShelf({ folder, load: this.load });
      this.#shelf = { folder, shelf };
    }
    return this.#shelf.shelf;
  }
}
