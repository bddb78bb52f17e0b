import type { EngineMessage } from "@/lib/schema/engine-commands";

/**
 * Sends the messages of one turn of the event loop together. A step ends with a piece of text for each answer, and each message on its own
 * costs a system call on both sides and wakes the web server, before the next step begins.
 */
export class Outbox {
  #waiting: EngineMessage[] = [];

  constructor(private readonly send: (messages: EngineMessage[]) => void) {}

  readonly add = (message: EngineMessage): void => {
    this.#waiting.push(message);
    if (this.#waiting.length === 1) setImmediate(this.flush);
  };

  /** Before the process ends. */
  readonly flush = (): void => {
    if (this.#waiting.length > 0) this.send(this.#waiting.splice(0));
  };
}
