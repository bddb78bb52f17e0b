import type { ChatMessage, ReplyStats, RunChunk, RunStatus } from "@/lib/schema/chat";
import { ChunkLog } from "./chat-chunk-log";
import type { ChatStore, WrittenReply } from "./chat-store";
import { nameChat } from "./chat-title";

export interface ChatRunOptions {
  readonly chatId: string;
  readonly reply: ChatMessage;
  readonly store: ChatStore;
  readonly flushMs: number;
}

/**
 * One answer while it is made: its text, what was sent about it, and who follows it. It belongs to the server and not to a
 * tab: when a tab closes, it only stops following.
 */
export class ChatRun {
  readonly chatId: string;
  readonly replyId: string;
  readonly #options: ChatRunOptions;
  readonly #log = new ChunkLog();
  readonly #followers = new Set<ReadableStreamDefaultController<RunChunk>>();
  readonly #abort = new AbortController();
  readonly #flushTimer: ReturnType<typeof setInterval>;
  readonly #ended: Promise<void>;
  #resolveEnded: () => void = () => {};
  #text: string;
  #thought: string;
  #thoughtMs: number | null;
  #thoughtSinceMs: number | null = null;
  #unwritten = false;
  #openPart: { readonly kind: "text" | "reasoning"; readonly id: string } | null = null;
  #partCount = 0;
  #isOver = false;

  constructor(options: ChatRunOptions) {
    const { chatId, reply, flushMs } = options;
    this.#options = options;
    this.chatId = chatId;
    this.replyId = reply.id;
    this.#text = reply.text;
    this.#thought = reply.thought;
    this.#thoughtMs = reply.thoughtMs;
    this.#ended = new Promise(resolve => {
      this.#resolveEnded = resolve;
    });
    this.#flushTimer = setInterval(() => this.#flush(), flushMs);
    this.#sendStart();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get text(): WrittenReply {
    return { text: this.#text, thought: this.#thought, thoughtMs: this.#thoughtMs };
  }

  /** Sends everything so far, then what comes next. */
  follow(): ReadableStream<RunChunk> {
    let own: ReadableStreamDefaultController<RunChunk>;
    return new ReadableStream({
      start: controller => {
        own = controller;
        for (const chunk of this.#log.replay()) controller.enqueue(chunk);
        if (this.#isOver) controller.close();
        else this.#followers.add(controller);
      },
      cancel: () => {
        this.#followers.delete(own);
      },
    });
  }

  /** The next piece of the answer, or of the reasoning before it. */
  write(text: string, isThought: boolean): void {
    this.#take(text, isThought);
    const kind = isThought ? "reasoning" : "text";
    if (this.#openPart?.kind !== kind) {
      this.#endPart();
      this.#openPart = { kind, id: `${kind}-${this.#partCount++}` };
      this.#send({ type: `${kind}-start`, id: this.#openPart.id });
    }
    this.#send({ type: `${kind}-delta`, id: this.#openPart.id, delta: text });
  }

  sendStatus(status: RunStatus): void {
    this.#send({ type: "data-status", data: status, transient: true });
  }

  /** Asks the run to end; `ended` tells when it has. */
  stop(): Promise<void> {
    this.#abort.abort();
    return this.#ended;
  }

  /** Commits the answer as it is now and sends it to all followers as the last message. */
  end(status: ChatMessage["status"], stats: ReplyStats | null, error: ChatMessage["error"]): void {
    clearInterval(this.#flushTimer);
    this.#closeThought();
    this.#endPart();
    const { store, chatId } = this.#options;
    try {
      store.endReply(this.replyId, { ...this.text, status, stats, error });
      nameChat(store, chatId, this.replyId);
      const message = store.message(chatId, this.replyId);
      this.#send({ type: "data-message", data: message, transient: true });
      this.#send({ type: "data-chat", data: store.read(chatId), transient: true });
    } finally {
      this.#send({ type: "finish" });
      this.#close();
    }
  }

  #close(): void {
    this.#isOver = true;
    for (const follower of this.#followers) follower.close();
    this.#followers.clear();
    this.#resolveEnded();
  }

  /** A continued answer begins with the text it already has, so a follower needs nothing but the stream. */
  #sendStart(): void {
    this.#log.add({ type: "start", messageId: this.replyId });
    const parts = [
      ["reasoning", this.#thought],
      ["text", this.#text],
    ] as const;
    for (const [kind, soFar] of parts) {
      if (soFar === "") continue;
      const id = `${kind}-before`;
      this.#log.add({ type: `${kind}-start`, id });
      this.#log.add({ type: `${kind}-delta`, id, delta: soFar });
      this.#log.add({ type: `${kind}-end`, id });
    }
  }

  #send(chunk: RunChunk): void {
    this.#log.add(chunk);
    for (const follower of this.#followers) follower.enqueue(chunk);
  }

  #endPart(): void {
    if (this.#openPart) this.#send({ type: `${this.#openPart.kind}-end`, id: this.#openPart.id });
    this.#openPart = null;
  }

  #take(text: string, isThought: boolean): void {
    if (isThought) {
      this.#thoughtSinceMs ??= Date.now();
      this.#thought += text;
    } else {
      this.#closeThought();
      this.#text += text;
    }
    this.#unwritten = true;
  }

  #closeThought(): void {
    if (this.#thoughtSinceMs === null) return;
    this.#thoughtMs = (this.#thoughtMs ?? 0) + Math.round(Date.now() - this.#thoughtSinceMs);
    this.#thoughtSinceMs = null;
  }

  /** A disk that is full now may have room in a second: a failed flush does not end the answer. */
  #flush(): void {
    if (!this.#unwritten) return;
    try {
      this.#options.store.writeReply(this.replyId, this.text);
      this.#unwritten = false;
    } catch {
      // `end` writes everything once more and reports failures.
    }
  }
}
