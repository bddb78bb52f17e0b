import type { ChatRequest, Overflow } from "@/lib/schema/chat";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import { answerChat } from "./chat-answer";
import { commitRequest } from "./chat-commit";
import type { ChatEngine, ChatSettings } from "./chat-engine";
import { ChatBusyError, ChatNotFoundError } from "./chat-errors";
import { ChatRun } from "./chat-run";
import type { ChatStore } from "./chat-store";
import type { ChatStores } from "./chat-stores";
import { nameChat } from "./chat-title";

/** How much of a growing answer a crash can lose. */
const FLUSH_MS = 1000;

/** How many answers may wait. Further requests are refused at once, because they would wait for hours. */
const MAX_WAITING = 64;

export interface ChatRunsOptions {
  readonly chats: ChatStores;
  readonly engine: ChatEngine;
  readonly settings: ChatSettings;
  readonly onFailure: (what: string, error: unknown) => void;
  readonly flushMs?: number;
  readonly now?: () => number;
}

interface Waiting {
  readonly run: ChatRun;
  readonly store: ChatStore;
  readonly overflow: Overflow | undefined;
}

/** The answers that are being made. One is made at a time; the others wait in the order they came. */
export class ChatRuns {
  readonly #options: ChatRunsOptions;
  readonly #runs = new Map<string, ChatRun>();
  readonly #queue: Waiting[] = [];
  #current: ChatRun | null = null;
  /** Of the current one among clients of the API, which are answered in the same queue; 0 while it is answered. */
  #currentPosition = 0;

  constructor(options: ChatRunsOptions) {
    this.#options = options;
  }

  /** The run that answers in this chat now. */
  find(chatId: string): ChatRun | null {
    return this.#runs.get(chatId) ?? null;
  }

  /**
   * Commits what the user sent, then begins to answer it. When the same request comes twice, the second only follows the first.
   *
   * @throws ChatBusyError, ChatNotFoundError, ChatInputError, ChatStoreError
   */
  start(request: ChatRequest): ChatRun {
    const { chats, flushMs = FLUSH_MS, now = Date.now } = this.#options;
    if (this.#queue.length >= MAX_WAITING) {
      throw new ChatBusyError(`${MAX_WAITING} answers are waiting already. Try again when some of them are done.`);
    }
    const store = this.#storeFor(request);
    const active = this.find(request.chatId);
    if (active && request.trigger === "submit-message" && store.hasMessage(request.message.id)) return active;
    if (active) throw new ChatBusyError();
    const reply = commitRequest(store, request, now());
    nameChat(store, request.chatId, reply.id);
    const run = new ChatRun({ chatId: request.chatId, reply, store, flushMs, now });
    this.#runs.set(run.chatId, run);
    this.#queue.push({ run, store, overflow: request.overflow });
    run.signal.addEventListener("abort", () => this.#leaveQueue(run), { once: true });
    this.#next();
    this.#sendPositions();
    chats.announce();
    return run;
  }

  /** @returns whether there was something to stop */
  async stop(chatId: string): Promise<boolean> {
    const run = this.find(chatId);
    await run?.stop();
    return run !== null;
  }

  async shutdown(): Promise<void> {
    await Promise.all([...this.#runs.values()].map(run => run.stop()));
  }

  /** A first message makes its chat. */
  #storeFor({ chatId, parentId, trigger, temporary = false }: ChatRequest): ChatStore {
    const { chats } = this.#options;
    const store = chats.storeIf(chatId);
    if (store) return store;
    const isFirst = trigger === "submit-message" && (parentId ?? null) === null;
    if (!isFirst || chats.kept.knows(chatId)) throw new ChatNotFoundError("chat");
    chats.create({ id: chatId, temporary });
    return chats.storeOf(chatId);
  }

  #next(): void {
    if (this.#current) return;
    const waiting = this.#queue.shift();
    if (!waiting) return;
    this.#current = waiting.run;
    void this.#answer(waiting).finally(() => {
      this.#current = null;
      this.#currentPosition = 0;
      this.#next();
      this.#sendPositions();
    });
  }

  async #answer({ run, store, overflow }: Waiting): Promise<void> {
    const { engine, settings } = this.#options;
    try {
      const onPosition = (position: number) => this.#moveTo(position);
      const stats = await answerChat({ run, store, engine, settings, overflow, onPosition });
      this.#end(run, stats.finishReason === "cancelled" ? "interrupted" : "complete", stats, null);
    } catch (error) {
      const wasStopped = run.signal.aborted && errorCodeOf(error) === "CANCELLED";
      if (errorCodeOf(error) === "INTERNAL") this.#options.onFailure("A chat's answer failed", error);
      this.#end(run, "interrupted", null, wasStopped ? null : errorAnswer(error).body);
    }
  }

  #end(run: ChatRun, ...end: Parameters<ChatRun["end"]>): void {
    this.#runs.delete(run.chatId);
    try {
      run.end(...end);
    } catch (error) {
      this.#options.onFailure("The end of an answer could not be saved", error);
    }
    this.#options.chats.announce();
  }

  #leaveQueue(run: ChatRun): void {
    const index = this.#queue.findIndex(waiting => waiting.run === run);
    if (index < 0) return;
    this.#queue.splice(index, 1);
    this.#end(run, "interrupted", null, null);
    this.#sendPositions();
  }

  #moveTo(position: number): void {
    if (position === this.#currentPosition) return;
    this.#currentPosition = position;
    this.#sendPositions();
  }

  #sendPositions(): void {
    const ahead = this.#currentPosition;
    if (ahead > 0) this.#current?.sendStatus({ phase: "queued", position: ahead });
    for (const [index, { run }] of this.#queue.entries())
      run.sendStatus({ phase: "queued", position: ahead + index + 1 });
  }
}
