import { type DraftStorage, type KeptFiles, storageWords } from "./draft-storage";

const nothing: KeptFiles = { attachments: [], unread: [] };

/** Why a part of a draft will not be there after a reload, as the end of a sentence; null where it will. */
export interface Unkept {
  readonly text: string | null;
  readonly files: string | null;
}

/** What is kept, and who is told whether it is. */
interface KeptDraft {
  readonly text: () => string;
  readonly files: () => KeptFiles;
  readonly report: (part: keyof Unkept, words: string | null) => void;
}

/** Keeps one draft in the storage. A fault of the storage is told, and costs no more than the keeping. */
export class DraftKeeper {
  /** What the storage is asked for, one after the other. */
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

  /** Nothing where the storage fails. */
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
