import type { Chat, ChatHit, NewChat } from "@/lib/schema/chat";
import { Listeners } from "@/lib/server/system/listeners";
import { ChatNotFoundError } from "./chat-errors";
import { ChatStore } from "./chat-store";

/** A deletion can be undone for this long; then the text is erased. */
const UNDO_MS = 5 * 60_000;
const BACKUP_INTERVAL_MS = 24 * 60 * 60_000;
const TIDY_INTERVAL_MS = 60_000;

/** The kept chats, and the temporary ones, which live in memory and disappear with the server. */
export class ChatStores {
  readonly kept: ChatStore;
  readonly temporary: ChatStore;
  readonly #listeners = new Listeners();
  readonly #tidying: ReturnType<typeof setInterval>;
  #backedUpAtMs = 0;

  constructor(filePath: string) {
    this.kept = new ChatStore({ filePath });
    this.temporary = new ChatStore({ filePath: ":memory:" });
    // A failure here is tried again in a minute. A store that is down reports that to its callers.
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

  /** A search never finds temporary chats. */
  search(query: string, limit: number): ChatHit[] {
    return this.kept.search(query, limit);
  }

  /** Reports that a chat or the list has changed. */
  announce(): void {
    this.#listeners.notify();
  }

  readonly subscribe = this.#listeners.subscribe;

  /** Erases deleted chats that can no longer be restored, and backs up once a day. */
  async tidy(): Promise<void> {
    const now = Date.now();
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
