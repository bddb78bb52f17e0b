import { setTimeout } from "node:timers/promises";
import type { EngineMessage } from "@/lib/schema/engine-commands";

export type EngineLogLevel = Extract<EngineMessage, { type: "log" }>["level"];

export interface LlamaLogLine {
  readonly level: EngineLogLevel;
  readonly text: string;
}

/** A load of a large model prints about 200 lines. Older lines than these are kept only by the server. */
const KEPT_LINES = 1000;
/** Empty, or one of the dots that llama.cpp prints while it loads. A hundred of them would push out real messages. */
const NOTHING_SAID = /^[\s.]*$/;
/** A message that node-llama-cpp adds. It says less than llama.cpp's own. */
const NOT_LLAMA_CPP = /Falling back to estimation heuristic/;
const LATE_TURNS = 40;
const TURN_MS = 5;

/**
 * The log of llama.cpp and node-llama-cpp, line by line. Lines are passed on, and kept here because only the log contains the reason
 * of a failed load and the split of the buffers (engine.md, traps 6 and 9).
 */
export class EngineLog {
  #lines: LlamaLogLine[] = [];
  #dropped = 0;

  constructor(private readonly passOn: (line: LlamaLogLine) => void = () => {}) {}

  write(level: EngineLogLevel, text: string): void {
    for (const piece of text.split("\n")) {
      if (NOTHING_SAID.test(piece)) continue;
      const line = { level, text: piece.trimEnd() };
      this.#lines.push(line);
      this.passOn(line);
    }
    const excess = this.#lines.length - KEPT_LINES;
    if (excess > 0) {
      this.#lines.splice(0, excess);
      this.#dropped += excess;
    }
  }

  /** The present position in the log, for `since`. */
  mark(): number {
    return this.#dropped + this.#lines.length;
  }

  since(mark: number): readonly LlamaLogLine[] {
    return this.#lines.slice(Math.max(0, mark - this.#dropped));
  }

  /** Lines come from llama.cpp's own threads and may arrive some turns of the event loop late. */
  async untilSaid(mark: number, pattern: RegExp): Promise<readonly LlamaLogLine[]> {
    for (let turn = 0; turn < LATE_TURNS; turn++) {
      if (this.since(mark).some(line => pattern.test(line.text))) break;
      await setTimeout(TURN_MS);
    }
    return this.since(mark);
  }

  /** llama.cpp's last error lines since the mark as one sentence, without the names of its functions; null if there was none. */
  async reasonSince(mark: number): Promise<string | null> {
    const isReason = (line: LlamaLogLine) => line.level === "error" && !NOT_LLAMA_CPP.test(line.text);
    for (let turn = 0; turn < LATE_TURNS && !this.since(mark).some(isReason); turn++) await setTimeout(TURN_MS);
    const errors = this.since(mark).filter(isReason).slice(-3);
    return errors.length === 0 ? null : errors.map(({ text }) => text.replace(/^\w+: /, "").trim()).join(" | ");
  }
}
