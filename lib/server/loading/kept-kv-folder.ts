import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

export interface KeptKvFolderOptions {
  readonly folder: string;
  /** Whether the setting is on. */
  isOn(): boolean;
  /** Whether this is a chat that is kept, and not one that is temporary, deleted or of another program. */
  isKept(chatId: string): boolean;
}

/** The folder in which the engine keeps the caches of chats. They contain the chats' text, so each is deleted with its chat. */
export class KeptKvFolder {
  #sweeping: Promise<void> | null = null;

  constructor(private readonly options: KeptKvFolderOptions) {}

  /** Where the cache of this chat is kept; null if it is not. */
  of(chatId: string): string | null {
    const { folder, isOn, isKept } = this.options;
    return isOn() && isKept(chatId) ? folder : null;
  }

  /** Deletes the caches of chats that are gone, or all where the setting is off. One at a time; a failure is tried again with the next. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#deleteOthers()
      .catch(() => {})
      .finally(() => {
        this.#sweeping = null;
      });
    return this.#sweeping;
  }

  async #deleteOthers(): Promise<void> {
    const { folder } = this.options;
    for (const name of await readdir(folder).catch((): string[] => []))
      if (this.of(name.replace(/\.\w+$/, "")) === null) await rm(join(folder, name), { force: true });
  }
}
