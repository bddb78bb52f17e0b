import type { Chat, ChatHit, NewChat } from "@/lib/schema/chat";
import { ChatNotFoundError } from "./chat-errors";
import { ChatStore } from "./chat-store";

/** A deletion can be taken back for this long; after it the text is erased. */
const UNDO_MS = 5 * 60_000;
const BACKUP_INTERVAL_MS = 24 * 60 * 60_000;
const TIDY_INTERVAL_MS = 60_000;

export interface ChatStoresOptions {
  readonly filePath: string;
  readonly now?: () => number;
}

/** The kept chats and the temporary ones, which live in memory and are gone with the server. */
export class ChatStores {
  readonly kept: ChatStore;
  readonly temporary: ChatStore;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  readonly #tidying: ReturnType<typeof setInterval>;
  #backedUpAtMs = 0;

  constructor({ filePath, now = Date.now }: ChatStoresOptions) {
    this.kept = new ChatStore({ filePath, now });
    this.temporary = new ChatStore({ filePath: ":memory:", now });
    this.#now = now;
    // What fails now is tried again in a minute, and a store that is down says so to whoever uses it.
    this.#tidying = setInterval(() => void this.tidy().catch(() => {}), TIDY_INTERVAL_MS).unref();
  }

  /** The store that holds this chat. @throws ChatNotFoundError */
  storeOf(chatId: string): ChatStore {
    const store = this.storeIf(chatId);
    if (!store) throw new ChatNotFoundError("chat");
    return store;
  }

  storeIf(chatId: string): ChatStore | null {
    return [this.temporary, this.kept].find(store => store.find(chatId) !== null) ?? null;
  }

  create(input: NewChat): Chat {
    const chat = (input.temporary ? this.temporary : this.kept).create(input);
    this.announce();
    return chat;
  }

  /** Temporary chats are found by nobody. */
  search(query: string, limit: number): ChatHit[] {
    return this.kept.search(query, limit);
  }

  /** Something in a chat or in the list is different now. */
  announce(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Erases what can no longer be undone and backs up once a day. */
  async tidy(): Promise<void> {
    const now = this.#now();
    this.kept.purgeDeleted(now - UNDO_MS);
    if (now - this.#backedUpAtMs < BACKUP_INTERVAL_MS) return;
    await this.kept.backUp();
    this.#backedUpAtMs = now;
  }

  close(): void {
    clearInterval(this.#tidying);
    this.kept.close();
    this.temporary.close();
  }
}
