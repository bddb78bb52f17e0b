import type { Readable } from "node:stream";
import { escapeLine } from "@/lib/server/system/escape-line";
import type { Timers } from "@/lib/server/system/timers";

/** A child that prints endlessly must neither block on a full pipe nor fill the log. */
const MAX_LINES_PER_SECOND = 100;
/** After this many characters without a line break, the text so far becomes a line. */
const MAX_PENDING_CHARACTERS = 8192;

/** Reads a stream of the child to its end, whatever it holds, and passes on escaped lines, at most a hundred a second. */
export function drainOutput(stream: Readable | null, timers: Timers, onLine: (line: string) => void): void {
  if (stream === null) return;
  const limiter = new LineLimiter(timers, onLine);
  let pending = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (pending + chunk).split("\n");
    pending = lines.pop() ?? "";
    if (pending.length > MAX_PENDING_CHARACTERS) lines.push(pending.slice(0, MAX_PENDING_CHARACTERS));
    if (pending.length > MAX_PENDING_CHARACTERS) pending = "";
    for (const line of lines) limiter.pass(line);
  });
  stream.on("end", () => limiter.pass(pending));
  stream.on("error", error => limiter.pass(`output lost: ${error.message}`));
}

class LineLimiter {
  #windowStartMs: number;
  #passed = 0;
  #dropped = 0;

  constructor(
    private readonly timers: Timers,
    private readonly onLine: (line: string) => void,
  ) {
    this.#windowStartMs = timers.nowMs();
  }

  pass(line: string): void {
    if (line.trim() === "") return;
    this.#turnWindow();
    if (this.#passed < MAX_LINES_PER_SECOND) this.onLine(escapeLine(line));
    else this.#dropped += 1;
    this.#passed += 1;
  }

  #turnWindow(): void {
    const nowMs = this.timers.nowMs();
    if (nowMs - this.#windowStartMs < 1000) return;
    if (this.#dropped > 0) this.onLine(`(${this.#dropped} lines dropped)`);
    this.#windowStartMs = nowMs;
    this.#passed = 0;
    this.#dropped = 0;
  }
}
