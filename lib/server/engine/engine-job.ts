import { type EngineMessage, isAnswerTo, type JobCommand } from "@/lib/schema/engine-commands";
import type { EngineMode } from "./engine-child";
import { EngineError } from "./engine-errors";

/**
 * `model` commands go before everything that waits, which then runs on the new model. A `question` about the loaded model is short and
 * runs beside answers. A `request` waits for its caller's turn.
 */
export type JobRank = "model" | "question" | "request";

export interface JobOptions {
  readonly rank: JobRank;
  /** The mode that the child must have for this command; null when any mode will do. */
  readonly mode: EngineMode | null;
  /** Whose request this is: callers take turns. */
  readonly caller?: string | undefined;
  /** Every message before the final answer. */
  readonly onMessage?: ((message: EngineMessage) => void) | undefined;
}

/**
 * One command and the caller who waits for its answer.
 *
 * The command may outlive its caller's wait: a caller who gives up is told at once, while the child may still be busy. The
 * job has `ended` only when the child is done with it.
 */
export class EngineJob {
  readonly answer: Promise<EngineMessage>;
  cancelled = false;
  #ended = false;
  #settled = false;
  #resolve: (answer: EngineMessage) => void = () => {};
  #reject: (error: EngineError) => void = () => {};

  constructor(
    readonly command: JobCommand,
    readonly options: JobOptions,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A caller may have stopped listening (it left the stream). That must not end the web server.
    this.answer.catch(() => {});
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** An answer in pieces: even after a cancel, its caller wants the child's last message (how much was generated). */
  get streams(): boolean {
    return this.command.type === "generate" || this.command.type === "complete";
  }

  /** Handles one message of the child. */
  receive(message: EngineMessage): void {
    if (this.#ended) return;
    if (message.type === "error") this.fail(EngineError.fromMessage(message));
    else if (isAnswerTo(this.command.type, message)) this.#succeed(message);
    else if (!this.#settled) this.options.onMessage?.(message);
  }

  /** Nothing more will come from the child. */
  fail(error: EngineError): void {
    this.#ended = true;
    this.abandon(error);
  }

  /** Tells the caller now; the child is not done yet. */
  abandon(error: EngineError): void {
    this.#settled = true;
    this.#reject(error);
  }

  #succeed(answer: EngineMessage): void {
    this.#ended = true;
    this.#settled = true;
    this.#resolve(answer);
  }
}
