import pino from "pino";
import { escapeLine } from "./escape-line";
import { Listeners } from "./listeners";

export type LogLevel = "error" | "warn" | "info" | "debug";

/** For callers that only need a function to write to. */
export type LogWriter = (level: LogLevel, text: string) => void;

export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
  readonly atMs: number;
}

/** The lines that diagnostics shows. Older lines are only in the terminal. */
const KEPT_LINES = 500;

/** The program's log: JSON lines on standard error from `terminalLevel` up, and the last lines in memory for the page. */
export class Log {
  readonly #lines: LogLine[] = [];
  readonly #listeners = new Listeners<[LogLine]>();
  readonly #terminal: pino.Logger;

  constructor(terminalLevel: LogLevel | "silent") {
    this.#terminal = pino({ level: terminalLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  }

  readonly writer: LogWriter = (level, text) => this.write(level, text);

  write(level: LogLevel, text: string): void {
    const line: LogLine = { level, text: escapeLine(text), atMs: Date.now() };
    this.#terminal[level](line.text);
    if (level === "debug") return;
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    this.#listeners.notify(line);
  }

  /** An unexpected error: the page gets a sentence, the log gets the stack. */
  failure(what: string, error: unknown): void {
    this.write("error", `${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }

  lines(): readonly LogLine[] {
    return this.#lines;
  }

  readonly subscribe = this.#listeners.subscribe;
}
