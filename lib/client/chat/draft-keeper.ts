import { type DraftStorage, type KeptFiles, storageWords } from "./draft-storage";

const nothing: KeptFiles = { attachments: [], unread: [] };

/** Why a part of a draft will be missing after a reload, as the end of a sentence; null if nothing will be missing. */
export interface Unkept {
  readonly text: string | null;
  readonly files: string | null;
}

/** What is kept, and the listener that learns whether it is. */
interface KeptDraft {
  readonly text: () => string;
  readonly files: () => KeptFiles;
  readonly report: (part: keyof Unkept, words: string | null) => void;
}

/** Keeps one draft in the storage. If the storage fails, the user is told, and only the keeping is lost. */
export class DraftKeeper {
  /** Requests to the storage, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #willWriteFiles = false;

  constructor(
    private key: string,
    private isKept: boolean,
    private readonly storage: DraftStorage,
    private readonly draft: KeptDraft,
  ) {}

  readText(): string {
    let text = "";
    if (this.isKept) this.#tryText(() => (text = this.storage.readText(this.key)));
    return text;
  }

  /** Resolves with nothing if the storage fails. */
  async readFiles(): Promise<KeptFiles> {
    let files = nothing;
    if (!this.isKept) return files;
    this.#ask(async () => {
      files = await this.storage.readFiles(this.key);
    });
    await this.#work;
    return files;
  }

  saveText(): void {
    this.#tryText(() => this.storage.writeText(this.key, this.isKept ? this.draft.text() : ""));
  }

  saveFiles(): void {
    if (this.#willWriteFiles) return;
    this.#willWriteFiles = true;
    this.#ask(async () => {
      this.#willWriteFiles = false;
      await this.storage.writeFiles(this.key, this.isKept ? this.draft.files() : nothing);
    });
  }

  moveTo(key: string): void {
    const before = this.key;
    this.#tryText(() => this.storage.writeText(before, ""));
    this.#ask(() => this.storage.writeFiles(before, nothing));
    this.key = key;
    this.saveText();
    this.saveFiles();
  }

  keep(isKept: boolean): void {
    this.isKept = isKept;
    this.saveText();
    this.saveFiles();
  }

  #tryText(action: () => void): void {
    try {
      action();
      this.draft.report("text", null);
    } catch (error) {
      this.draft.report("text", storageWords(error));
    }
  }

  #ask(action: () => Promise<void>): void {
    this.#work = this.#work.then(action).then(
      () => this.draft.report("files", null),
      error => this.draft.report("files", storageWords(error)),
    );
  }
}
