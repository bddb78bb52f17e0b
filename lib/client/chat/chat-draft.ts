import type { Attachment } from "@/lib/schema/chat";
import { errorText } from "../api-request";
import { AttachmentError } from "../attachments/attachment";
import { createStore } from "../store";
import { DraftKeeper, type Unkept } from "./draft-keeper";
import type { DraftStorage, KeptFiles } from "./draft-storage";

/** A file of a message that is being written. It has no attachment while its text is being read. */
export interface DraftFile {
  readonly name: string;
  readonly attachment: Attachment | null;
}

export interface Draft {
  readonly text: string;
  /** In the order in which they were added. */
  readonly files: readonly DraftFile[];
  /** The storage has not reported yet which files were kept. */
  readonly isLoading: boolean;
  /** The user sent it. It goes as soon as its files have been read. */
  readonly isWaiting: boolean;
  /** Why it was not sent, or not sent completely. */
  readonly problem: string | null;
  readonly unkept: Unkept;
}

const emptyDraft: Draft = {
  text: "",
  files: [],
  isLoading: false,
  isWaiting: false,
  problem: null,
  unkept: { text: null, files: null },
};

/** Sends a message; throws when the server does not accept it. */
type Deliver = (text: string, attachments: readonly Attachment[]) => Promise<void>;

interface DraftTools {
  readonly storage: DraftStorage;
  readonly read: (file: File) => Promise<Attachment>;
}

export const attachmentsOf = (files: readonly DraftFile[]): Attachment[] =>
  files.flatMap(({ attachment }) => attachment ?? []);

/** Names of the files that are still being read. */
export const unreadNames = (files: readonly DraftFile[]): string[] =>
  files.filter(({ attachment }) => attachment === null).map(({ name }) => name);

const joined = (...texts: readonly string[]): string => texts.filter(text => text !== "").join("\n\n");

/**
 * A message that is being written: text and files, kept until it is sent. It is loaded when its store gets its first
 * listener. It stays alive while another screen is shown, so that a file continues to be read.
 */
export class ChatDraft {
  readonly store = createStore<Draft>(emptyDraft, () => {
    this.#load();
    // Nothing is sent into a chat that is not on the screen.
    return () => this.callOff("Not sent: the chat was left before its files had been read.");
  });
  readonly #keeper: DraftKeeper;
  readonly #read: DraftTools["read"];
  #isLoaded = false;
  #waiting: Deliver | null = null;

  constructor(key: string, isKept: boolean, { storage, read }: DraftTools) {
    this.#read = read;
    this.#keeper = new DraftKeeper(key, isKept, storage, {
      text: () => this.#now.text,
      files: () => ({ attachments: attachmentsOf(this.#now.files), unread: unreadNames(this.#now.files) }),
      report: (part, words) => {
        if (this.#now.unkept[part] !== words) this.#change({ unkept: { ...this.#now.unkept, [part]: words } });
      },
    });
  }

  /** A waiting message is not sent half changed: the user must send it again. */
  setText(text: string): void {
    this.callOff();
    this.#change({ text });
    this.#keeper.saveText();
  }

  /** Replaces a file with the same name. */
  addAttachment(attachment: Attachment): void {
    this.callOff();
    const { name } = attachment;
    this.#setFiles([...this.#now.files.filter(file => file.name !== name), { name, attachment }]);
  }

  /** @param refuse is told why the file was not added, unless the file stopped the message from being sent */
  async addFile(file: File, refuse: (sentence: string) => void): Promise<void> {
    const unread: DraftFile = { name: file.name, attachment: null };
    this.#setFiles([...this.#now.files, unread]);
    try {
      this.#takeRead(unread, await this.#read(file));
    } catch (error) {
      if (!this.#now.files.includes(unread)) return;
      this.#setFiles(this.#now.files.filter(other => other !== unread));
      const sentence = error instanceof AttachmentError ? error.message : `${file.name} could not be read.`;
      if (this.#now.isWaiting) this.callOff(`Not sent: ${sentence}`);
      else refuse(sentence);
    }
    this.#goOn();
  }

  removeFile(file: DraftFile): void {
    this.callOff();
    this.#setFiles(this.#now.files.filter(other => other !== file));
  }

  /** Moves the file's text into the message's own text. */
  insertFile(file: DraftFile): void {
    this.removeFile(file);
    this.setText(joined(this.#now.text, file.attachment?.text ?? ""));
  }

  /** Sends it, at once or when its files have been read. If it waits already, the wait is cancelled. */
  send(deliver: Deliver): void {
    if (this.#now.isWaiting) {
      this.callOff();
      return;
    }
    this.#waiting = deliver;
    this.#change({ isWaiting: true, problem: null });
    this.#goOn();
  }

  callOff(problem: string | null = null): void {
    if (!this.#now.isWaiting) return;
    this.#waiting = null;
    this.#change({ isWaiting: false, problem });
  }

  /** The new chat that this draft belongs to has received an id. */
  moveTo(key: string): void {
    this.#keeper.moveTo(key);
  }

  /** A deleted chat's draft leaves the storage, and is kept again when the chat is restored. */
  keep(isKept: boolean): void {
    this.#load();
    this.#keeper.keep(isKept);
  }

  get #now(): Draft {
    return this.store.get();
  }

  #change(change: Partial<Draft>): void {
    this.store.update(draft => ({ ...draft, ...change }));
  }

  #setFiles(files: readonly DraftFile[]): void {
    this.#change({ files });
    this.#keeper.saveFiles();
  }

  #load(): void {
    if (this.#isLoaded) return;
    this.#isLoaded = true;
    this.#change({ text: this.#keeper.readText(), isLoading: true });
    void this.#keeper.readFiles().then(kept => {
      this.#takeKept(kept);
      this.#goOn();
    });
  }

  /** Text and files that were added in the meantime stay. */
  #takeKept({ attachments, unread }: KeptFiles): void {
    const { files } = this.#now;
    const kept = attachments.filter(({ name }) => files.every(file => file.name !== name));
    this.#change({
      isLoading: false,
      files: [...kept.map(attachment => ({ name: attachment.name, attachment })), ...files],
    });
    if (unread.length === 0) return;
    this.#change({ problem: `Still being read when the page was left, and so not attached: ${unread.join(", ")}.` });
    this.#keeper.saveFiles();
  }

  #takeRead(unread: DraftFile, attachment: Attachment): void {
    const { name } = attachment;
    const { files } = this.#now;
    if (!files.includes(unread)) return;
    const others = files.filter(file => file === unread || file.name !== name);
    this.#setFiles(others.map(file => (file === unread ? { name, attachment } : file)));
  }

  #goOn(): void {
    const { files, isLoading } = this.#now;
    const deliver = this.#waiting;
    if (deliver === null || isLoading || unreadNames(files).length > 0) return;
    this.#waiting = null;
    void this.#deliver(deliver);
  }

  /** The draft leaves the storage only when the server has the message. Otherwise it comes back, before newer text. */
  async #deliver(deliver: Deliver): Promise<void> {
    const { text, files } = this.#now;
    this.#change({ text: "", files: [], isWaiting: false });
    try {
      await deliver(text.trim(), attachmentsOf(files));
    } catch (error) {
      this.#change({
        text: joined(text, this.#now.text),
        files: [...files, ...this.#now.files],
        problem: errorText(error),
      });
    }
    this.#keeper.saveText();
    this.#keeper.saveFiles();
  }
}
