import type { ErrorBody } from "@/lib/schema/api-error";
import type { Chat, ChatHit, ChatMessage, ChatPatch, ChatTree, NewChat, NewMessage } from "@/lib/schema/chat";
import { ChatDatabase } from "./chat-database";
import { ChatInputError, ChatNotFoundError } from "./chat-errors";
import { CHAT_COLUMNS, chatFromRow, jsonOrNull, MESSAGE_COLUMNS, messageFromRow } from "./chat-rows";
import { type ChatSearchRow, searchHits, searchTerms, TITLE_ROWS, textSearch } from "./chat-search";

/** The end of an answer that is still pending when the server starts: the process that generated it has ended. */
const STOPPED_SERVER: ErrorBody = {
  code: "CANCELLED",
  message: "Headroom ended while this answer was being written.",
};

const UNTITLED = "New chat";

export interface ChatStoreOptions {
  /** ":memory:" for temporary chats. */
  readonly filePath: string;
  readonly now?: () => number;
}

/** What changes in an answer while it is generated. */
export type WrittenReply = Pick<ChatMessage, "text" | "thought" | "thoughtMs">;
/** How it ended. */
export type EndedReply = WrittenReply & Pick<ChatMessage, "status" | "error" | "stats">;

/** Chats and their message trees. Every method has committed its work when it returns. */
export class ChatStore {
  readonly #database: ChatDatabase;
  readonly #temporary: boolean;
  readonly #now: () => number;

  constructor({ filePath, now = Date.now }: ChatStoreOptions) {
    this.#temporary = filePath === ":memory:";
    this.#now = now;
    this.#database = new ChatDatabase({ filePath, now, onOpen: database => interruptPending(database) });
  }

  /** Set when the file had to be put aside or restored. */
  get notice(): string | null {
    return this.#database.notice;
  }

  /** Pinned chats first, then the latest. */
  list(): Chat[] {
    return this.#database
      .all(`SELECT ${CHAT_COLUMNS} FROM chat WHERE deleted_at_ms IS NULL ORDER BY pinned DESC, updated_at_ms DESC`)
      .map(row => chatFromRow(row, this.#temporary));
  }

  find(chatId: string): Chat | null {
    const row = this.#database.get(`SELECT ${CHAT_COLUMNS} FROM chat WHERE id = ? AND deleted_at_ms IS NULL`, chatId);
    return row ? chatFromRow(row, this.#temporary) : null;
  }

  /** @throws ChatNotFoundError */
  read(chatId: string): Chat {
    const chat = this.find(chatId);
    if (!chat) throw new ChatNotFoundError("chat");
    return chat;
  }

  /** Also finds a deleted chat, whose id must not be used again. */
  knows(chatId: string): boolean {
    return this.#database.get("SELECT 1 FROM chat WHERE id = ?", chatId) !== undefined;
  }

  tree(chatId: string): ChatTree {
    return { chat: this.read(chatId), messages: this.messages(chatId) };
  }

  /** The whole tree, parents before children. */
  messages(chatId: string): ChatMessage[] {
    return this.#database
      .all(`SELECT ${MESSAGE_COLUMNS} FROM message WHERE chat_id = ? ORDER BY key`, chatId)
      .map(messageFromRow);
  }

  /** @throws ChatNotFoundError */
  message(chatId: string, messageId: string): ChatMessage {
    const row = this.#database.get(
      `SELECT ${MESSAGE_COLUMNS} FROM message WHERE id = ? AND chat_id = ?`,
      messageId,
      chatId,
    );
    if (!row) throw new ChatNotFoundError("message");
    return messageFromRow(row);
  }

  /** From the first message to `headId`; empty when `headId` is null. */
  branch(chatId: string, headId: string | null): ChatMessage[] {
    if (headId === null) return [];
    const columns = MESSAGE_COLUMNS.replaceAll(/\w+/g, "m.$&");
    const rows = this.#database.all(
      `WITH RECURSIVE line (id, depth) AS (
         SELECT id, 0 FROM message WHERE id = ? AND chat_id = ?
         UNION ALL
         SELECT m.parent_id, depth + 1 FROM message m JOIN line ON m.id = line.id WHERE m.parent_id IS NOT NULL
       )
       SELECT ${columns} FROM line JOIN message m ON m.id = line.id ORDER BY depth DESC`,
      headId,
      chatId,
    );
    if (rows.length === 0) throw new ChatNotFoundError("message");
    return rows.map(messageFromRow);
  }

  create(input: NewChat): Chat {
    const id = input.id ?? crypto.randomUUID();
    if (this.knows(id)) throw new ChatInputError("A chat with this id exists already.");
    const now = this.#now();
    this.insertChat({
      id,
      title: input.title ?? UNTITLED,
      titleSource: input.title === undefined ? "auto" : "user",
      folder: input.folder ?? null,
      pinned: false,
      temporary: this.#temporary,
      systemPrompt: input.systemPrompt ?? null,
      sampling: input.sampling ?? {},
      overflow: input.overflow ?? "ask",
      headId: null,
      createdAtMs: now,
      updatedAtMs: now,
    });
    return this.read(id);
  }

  /** The row as it is; for imports and for `create`. */
  insertChat(chat: Chat): void {
    this.#write(
      `INSERT INTO chat (${CHAT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      chat.id,
      chat.title,
      chat.titleSource,
      chat.folder,
      Number(chat.pinned),
      chat.systemPrompt,
      JSON.stringify(chat.sampling),
      chat.overflow,
      chat.headId,
      chat.createdAtMs,
      chat.updatedAtMs,
    );
  }

  /** Sets only the given values, so that a stale window cannot undo another window's change. */
  patch(chatId: string, patch: ChatPatch): Chat {
    return this.#database.transaction(() => {
      if (patch.deleted === false) this.#set(chatId, "deleted_at_ms", null);
      this.read(chatId);
      if (patch.title !== undefined) {
        this.#set(chatId, "title", patch.title);
        this.#set(chatId, "title_source", "user");
      }
      if (patch.folder !== undefined) this.#set(chatId, "folder", patch.folder);
      if (patch.pinned !== undefined) this.#set(chatId, "pinned", Number(patch.pinned));
      if (patch.systemPrompt !== undefined) this.#set(chatId, "system_prompt", patch.systemPrompt);
      if (patch.sampling !== undefined) this.#set(chatId, "sampling", JSON.stringify(patch.sampling));
      if (patch.overflow !== undefined) this.#set(chatId, "overflow", patch.overflow);
      if (patch.headId !== undefined) this.#set(chatId, "head_id", this.message(chatId, patch.headId).id);
      return this.read(chatId);
    });
  }

  /** Kept for an undo until `purgeDeleted`. A temporary chat is erased at once. */
  remove(chatId: string): void {
    this.read(chatId);
    if (this.#temporary) this.erase(chatId);
    else this.#set(chatId, "deleted_at_ms", this.#now());
  }

  /** Removes it also from what an undo could bring back. */
  erase(chatId: string): void {
    this.#write("DELETE FROM chat WHERE id = ?", chatId);
  }

  /** Erases the chats that were deleted before `beforeMs`. @returns how many */
  purgeDeleted(beforeMs: number): number {
    return this.#write("DELETE FROM chat WHERE deleted_at_ms < ?", beforeMs);
  }

  /** Sets a title made from the exchange. A title that the user gave stays. */
  retitle(chatId: string, title: string): void {
    this.#write("UPDATE chat SET title = ? WHERE id = ? AND title_source = 'auto'", title, chatId);
  }

  /** One commit: the user's message (null when it exists already) and the pending answer below it. */
  addExchange(chatId: string, user: ChatMessage | null, reply: ChatMessage): void {
    this.#database.transaction(() => {
      if (user) this.insertMessage(chatId, user);
      this.insertMessage(chatId, reply);
      this.moveHead(chatId, reply.id);
    });
  }

  insertMessage(chatId: string, message: ChatMessage): void {
    if (message.parentId !== null && this.message(chatId, message.parentId).role === message.role) {
      throw new ChatInputError(`A message of the ${message.role} cannot follow another one.`);
    }
    this.#write(
      `INSERT INTO message (chat_id, ${MESSAGE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      chatId,
      message.id,
      message.parentId,
      message.role,
      message.text,
      message.thought,
      message.thoughtMs,
      JSON.stringify(message.attachments),
      message.status,
      Number(message.edited),
      jsonOrNull(message.error),
      jsonOrNull(message.stats),
      jsonOrNull(message.cut),
      message.createdAtMs,
    );
  }

  /** A version of an answer in the user's own words. The old versions stay beside it. */
  addEditedReply(chatId: string, { id, parentId, role, text }: NewMessage): ChatMessage {
    return this.#database.transaction(() => {
      if (this.hasMessage(id)) throw new ChatInputError("A message with this id exists already.");
      const createdAtMs = this.#now();
      const notGenerated = { thought: "", thoughtMs: null, error: null, stats: null, cut: null, attachments: [] };
      const version = { id, parentId, role, text, status: "complete", edited: true, createdAtMs } as const;
      this.insertMessage(chatId, { ...notGenerated, ...version });
      this.moveHead(chatId, id);
      return this.message(chatId, id);
    });
  }

  hasMessage(messageId: string): boolean {
    return this.ownerOf(messageId) !== undefined;
  }

  /** The id of the chat that has this message. */
  ownerOf(messageId: string): string | undefined {
    const row = this.#database.get("SELECT chat_id FROM message WHERE id = ?", messageId);
    return (row as { chat_id: string } | undefined)?.chat_id;
  }

  /** Makes an answer pending again. Reasoning that led to no text is discarded. */
  reopenReply(chatId: string, replyId: string): void {
    this.#database.transaction(() => {
      this.#write(
        `UPDATE message SET status = 'pending', error = NULL, thought = iif(text = '', '', thought),
          thought_ms = iif(text = '', NULL, thought_ms) WHERE id = ? AND chat_id = ?`,
        replyId,
        chatId,
      );
      this.moveHead(chatId, replyId);
    });
  }

  writeReply(replyId: string, { text, thought, thoughtMs }: WrittenReply): void {
    this.#write(
      "UPDATE message SET text = ?, thought = ?, thought_ms = ? WHERE id = ?",
      text,
      thought,
      thoughtMs,
      replyId,
    );
  }

  writeCut(replyId: string, cut: ChatMessage["cut"]): void {
    this.#write("UPDATE message SET cut = ? WHERE id = ?", jsonOrNull(cut), replyId);
  }

  endReply(replyId: string, { text, thought, thoughtMs, status, error, stats }: EndedReply): void {
    this.#write(
      "UPDATE message SET text = ?, thought = ?, thought_ms = ?, status = ?, error = ?, stats = ? WHERE id = ?",
      text,
      thought,
      thoughtMs,
      status,
      jsonOrNull(error),
      jsonOrNull(stats),
      replyId,
    );
  }

  moveHead(chatId: string, headId: string): void {
    this.restoreHead(chatId, headId, this.#now());
  }

  /** Sets the head of an imported chat, with its original date. */
  restoreHead(chatId: string, headId: string, updatedAtMs: number): void {
    this.#write("UPDATE chat SET head_id = ?, updated_at_ms = ? WHERE id = ?", headId, updatedAtMs, chatId);
  }

  search(query: string, limit: number): ChatHit[] {
    const terms = searchTerms(query);
    if (terms.length === 0) return [];
    const texts = textSearch(terms, limit);
    return searchHits(
      terms,
      this.#database.all(TITLE_ROWS) as unknown as ChatSearchRow[],
      this.#database.all(texts.sql, ...texts.values) as unknown as ChatSearchRow[],
      limit,
    );
  }

  /** Runs many writes in one commit. */
  transaction<Result>(work: () => Result): Result {
    return this.#database.transaction(work);
  }

  backUp(): Promise<void> {
    return this.#database.backUp();
  }

  close(): void {
    this.#database.close();
  }

  #set(chatId: string, column: string, value: string | number | null): void {
    this.#write(`UPDATE chat SET ${column} = ? WHERE id = ?`, value, chatId);
  }

  #write(sql: string, ...values: (string | number | null)[]): number {
    return this.#database.transaction(() => this.#database.run(sql, ...values));
  }
}

function interruptPending(database: ChatDatabase): void {
  database.run(
    "UPDATE message SET status = 'interrupted', error = ? WHERE status = 'pending'",
    JSON.stringify(STOPPED_SERVER),
  );
}
