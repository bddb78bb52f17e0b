import type { ErrorCode } from "@/lib/schema/api-error";
import { formatTokens } from "@/lib/units/tokens";

/** The history cannot be read or written now. What was committed stays; the next call tries again. */
export class ChatStoreError extends Error {
  override readonly name = "ChatStoreError";
  readonly code: "STORE_UNAVAILABLE" | "DISK_FULL";

  constructor(code: ChatStoreError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** No such chat or message. Deleted ones count as missing. */
export class ChatNotFoundError extends Error {
  override readonly name = "ChatNotFoundError";
  readonly code: ErrorCode = "NOT_FOUND";

  constructor(what: "chat" | "message") {
    super(`There is no such ${what}. It may have been deleted in another window.`);
  }
}

/** The chat is answering already. It gives one answer at a time. */
export class ChatBusyError extends Error {
  override readonly name = "ChatBusyError";
  readonly code: ErrorCode = "BUSY";

  constructor() {
    super("This chat is still answering. Stop the answer or wait for its end.");
  }
}

/** More answers wait than will be made soon. */
export class ChatQueueFullError extends Error {
  override readonly name = "ChatQueueFullError";
  readonly code: ErrorCode = "QUEUE_FULL";

  constructor(waiting: number) {
    super(`${waiting} answers are waiting already.`);
  }
}

/** The request contradicts the chat's tree: a wrong role, a parent of another chat. */
export class ChatInputError extends Error {
  override readonly name = "ChatInputError";
  readonly code: ErrorCode = "INVALID_INPUT";
}

/** The messages to send are longer than the context. They are never cut silently. */
export class ContextExceededError extends Error {
  override readonly name = "ContextExceededError";
  readonly code: ErrorCode = "CONTEXT_EXCEEDED";

  constructor(
    readonly promptTokens: number,
    readonly contextTokens: number,
    /** Messages that would have to be left out; 0 when even that would not help. */
    readonly overflowingMessages: number,
  ) {
    super(
      `This conversation needs ${formatTokens(promptTokens)} tokens with room for a reply, and the context holds ${formatTokens(contextTokens)}.`,
    );
  }
}
