import { importChats } from "@/lib/schema/api/chats";
import type { ChatImport, ImportedChat } from "@/lib/schema/chat";
import { MIB } from "@/lib/units/bytes";
import { apiRequest, errorBody } from "../api-request";
import { chatsInFile } from "./chat-import";

/** Well below what the server accepts in one body, which is 8 MiB. */
const BATCH_BYTES = 2 * MIB;
/** No request can carry a message larger than this. */
const MAX_MESSAGE_MIB = 7.5;

/** What an import did, and what it left out. */
export interface ImportSummary {
  readonly imported: number;
  /** Chats that exist here already and were left alone. */
  readonly existing: readonly { readonly id: string; readonly title: string }[];
  /** What was not imported, or not completely, and why. */
  readonly notes: readonly { readonly title: string; readonly reason: string }[];
  /** Why the import ended before the file did. */
  readonly problem: string | null;
}

export interface ImportChoice {
  /** What to do with a chat that exists here already. */
  readonly existing: "skip" | "replace" | "copy";
  /** Ids of the chats to import; without it, all of them. */
  readonly only?: ReadonlySet<string>;
}

/**
 * Sends the chats of an exported file while it is read, several in a request. A chat larger than one request is split.
 *
 * @throws ChatFileError, ApiError, TypeError when nothing at all could be imported
 */
export async function uploadChats(file: Blob, choice: ImportChoice = { existing: "skip" }): Promise<ImportSummary> {
  const upload = new Upload(choice);
  try {
    for await (const entry of chatsInFile(file)) {
      if (entry.kind === "chat") await upload.add(entry.chat, entry.leftOut);
      else if (!choice.only) upload.note(entry.title, entry.reason);
    }
  } catch (error) {
    await upload.flush();
    if (upload.isEmpty) throw error;
    return upload.summary(errorBody(error).message);
  }
  await upload.flush();
  return upload.summary(null);
}

type Piece = ChatImport["chats"][number];

/** One import in progress: the chats waiting for the next request, and the results of the earlier ones. */
class Upload {
  readonly #choice: ImportChoice;
  readonly #titles = new Map<string, string>();
  readonly #notes: { title: string; reason: string }[] = [];
  readonly #leftOut = new Map<string, number>();
  readonly #existing = new Set<string>();
  readonly #refused = new Set<string>();
  #imported = 0;
  #batch: Piece[] = [];
  #batchBytes = 0;

  constructor(choice: ImportChoice) {
    this.#choice = choice;
  }

  get isEmpty(): boolean {
    return this.#imported === 0 && this.#existing.size === 0 && this.#notes.length === 0;
  }

  note(title: string, reason: string): void {
    this.#notes.push({ title, reason });
  }

  async add({ chat, messages }: ImportedChat, leftOut: number): Promise<void> {
    if (this.#choice.only?.has(chat.id) === false) return;
    if (messages.some(message => jsonBytes(message) > MAX_MESSAGE_MIB * MIB)) {
      this.note(chat.title, `A message in it is larger than ${MAX_MESSAGE_MIB} MiB.`);
      return;
    }
    const sent = this.#choice.existing === "copy" ? { ...chat, id: crypto.randomUUID() } : chat;
    this.#titles.set(sent.id, sent.title);
    if (leftOut > 0) this.#leftOut.set(sent.id, leftOut);
    for (const piece of piecesOf(sent, messages)) {
      const bytes = jsonBytes(piece);
      if (this.#batchBytes + bytes > BATCH_BYTES) await this.flush();
      // The answer to the first piece decides about the rest.
      if (this.#existing.has(sent.id) || this.#refused.has(sent.id)) return;
      this.#batch.push(piece);
      this.#batchBytes += bytes;
    }
  }

  /** Sends what has been gathered. */
  async flush(): Promise<void> {
    const chats = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    if (chats.length === 0) return;
    const body: ChatImport = { chats, existing: this.#choice.existing === "replace" ? "replace" : "skip" };
    const { imported, existing, refused } = await apiRequest(importChats, { body });
    this.#imported += imported;
    for (const id of existing) this.#existing.add(id);
    for (const { id, title, reason } of refused) {
      this.#refused.add(id);
      this.note(title, reason);
    }
  }

  summary(problem: string | null): ImportSummary {
    const titleOf = (id: string) => this.#titles.get(id) ?? id;
    const partly = [...this.#leftOut]
      .filter(([id]) => !this.#existing.has(id) && !this.#refused.has(id))
      .map(([id, count]) => ({ title: titleOf(id), reason: leftOutNote(count) }));
    return {
      imported: this.#imported,
      existing: [...this.#existing].map(id => ({ id, title: titleOf(id) })),
      notes: [...this.#notes, ...partly],
      problem,
    };
  }
}

const encoder = new TextEncoder();
const jsonBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

const leftOutNote = (count: number): string =>
  `Imported without ${count} ${count === 1 ? "part that has" : "parts that have"} no text: pictures, files or tool output.`;

/** Splits a chat into pieces that fit one request each. A message stands after its parent. */
function* piecesOf(chat: ImportedChat["chat"], messages: ImportedChat["messages"]): Generator<Piece> {
  let piece: ImportedChat["messages"] = [];
  let pieceBytes = 0;
  let continues = false;
  for (const message of messages) {
    const bytes = jsonBytes(message);
    if (piece.length > 0 && pieceBytes + bytes > BATCH_BYTES) {
      yield { chat, messages: piece, continues };
      continues = true;
      piece = [];
      pieceBytes = 0;
    }
    piece.push(message);
    pieceBytes += bytes;
  }
  yield { chat, messages: piece, continues };
}
