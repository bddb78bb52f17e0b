import type { ChatRequest, Overflow } from "@/lib/schema/chat";
import { engineLimits } from "@/lib/server/engine/engine-limits";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import { answerChat } from "./chat-answer";
import { commitRequest } from "./chat-commit";
import type { ChatEngine, ChatSettings } from "./chat-engine";
import { ChatBusyError, ChatNotFoundError, ChatQueueFullError } from "./chat-errors";
import { ChatRun } from "./chat-run";
import type { ChatStore } from "./chat-store";
import type { ChatStores } from "./chat-stores";
import { nameChat } from "./chat-title";

/** How much of a growing answer a crash can lose. */
const FLUSH_MS = 1000;

export interface ChatRunsOptions {
  readonly chats: ChatStores;
  readonly engine: ChatEngine;
  readonly settings: ChatSettings;
  readonly onFailure: (what: string, error: unknown) => void;
  readonly flushMs?: number;
}

/**
 * The answers that are being made, one in each chat. Chats are answered side by side as far as the engine can; the others wait in the
 * engine's queue, where clients of the API wait too.
 */
export class ChatRuns {
  readonly #options: ChatRunsOptions;
  readonly #runs = new Map<string, ChatRun>();
  /** Runs that the engine's queue does not know yet: they wait for the model, or their prompt is being prepared. */
  readonly #preparing = new Set<ChatRun>();

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
   * @throws ChatBusyError, ChatQueueFullError, ChatNotFoundError, ChatInputError, ChatStoreError
   */
  start(request: ChatRequest): ChatRun {
    const { chats, flushMs = FLUSH_MS } = this.#options;
    const active = this.find(request.chatId);
    if (!active) this.#refuseIfFull();
    const store = this.#storeFor(request);
    if (active && request.trigger === "submit-message" && store.hasMessage(request.message.id)) return active;
    if (active) throw new ChatBusyError();
    // One commit, and so one wait for the disk, before the engine is asked.
    const reply = store.transaction(() => {
      if (store.find(request.chatId) === null) store.create({ id: request.chatId });
      const pending = commitRequest(store, request, Date.now());
      nameChat(store, request.chatId, pending.id);
      return pending;
    });
    const run = new ChatRun({ chatId: request.chatId, reply, store, flushMs });
    this.#runs.set(run.chatId, run);
    this.#preparing.add(run);
    void this.#answer(run, store, request.overflow);
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

  /** Refuses before anything is saved: a message that cannot be answered soon is better sent again. */
  #refuseIfFull(): void {
    const waiting = this.#preparing.size + this.#options.engine.snapshot().queueLength;
    if (waiting >= engineLimits.waitingRequests) throw new ChatQueueFullError(waiting);
  }

  /** The chat's own; for a first message, which makes its chat, the one that will have it. */
  #storeFor({ chatId, parentId, trigger, temporary = false }: ChatRequest): ChatStore {
    const { chats } = this.#options;
    const store = chats.storeIf(chatId);
    if (store) return store;
    const isFirst = trigger === "submit-message" && (parentId ?? null) === null;
    if (!isFirst || chats.kept.knows(chatId)) throw new ChatNotFoundError("chat");
    return temporary ? chats.temporary : chats.kept;
  }

  async #answer(run: ChatRun, store: ChatStore, overflow: Overflow | undefined): Promise<void> {
    const { engine, settings } = this.#options;
    try {
      const onAsked = () => this.#preparing.delete(run);
      const stats = await answerChat({ run, store, engine, settings, overflow, onAsked });
      this.#end(run, stats.finishReason === "cancelled" ? "interrupted" : "complete", stats, null);
    } catch (error) {
      const wasStopped = run.signal.aborted && errorCodeOf(error) === "CANCELLED";
      if (errorCodeOf(error) === "INTERNAL") this.#options.onFailure("A chat's answer failed", error);
      this.#end(run, "interrupted", null, wasStopped ? null : errorAnswer(error).body);
    }
  }

  #end(run: ChatRun, ...end: Parameters<ChatRun["end"]>): void {
    this.#runs.delete(run.chatId);
    this.#preparing.delete(run);
    try {
      run.end(...end);
    } catch (error) {
      this.#options.onFailure("The end of an answer could not be saved", error);
    }
    this.#options.chats.announce();
  }
}
