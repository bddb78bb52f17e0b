import type { Download } from "@/lib/schema/models/download";
import type { Timers } from "@/lib/server/system/timers";
import type { DownloadError } from "./download-error";
import type { DownloadRecord } from "./download-folder";
import { missingBytes } from "./part-state";
import { SpeedMeter } from "./speed-meter";

const FIRST_BACKOFF_MS = 1000;
/** The wait doubles up to this. */
const MAX_BACKOFF_MS = 60_000;
/** About ten minutes without a byte. */
const MAX_TRIES = 15;

/** One download in the queue, and how it goes from state to state. */
export class DownloadJob {
  readonly #meter = new SpeedMeter();
  #waiting: { readonly untilMs: number; readonly why: DownloadError; readonly cancel: () => void } | null = null;
  /** Tries since the last byte. */
  #tries = 0;

  constructor(
    readonly record: DownloadRecord,
    public state: Download["state"],
  ) {}

  get isOver(): boolean {
    return this.state === "done" || this.state === "failed";
  }

  queue(): void {
    this.stopWaiting();
    this.record.error = null;
    this.record.isPaused = false;
    this.#tries = 0;
    this.state = "queued";
  }

  pause(): void {
    this.stopWaiting();
    this.state = "paused";
  }

  begin(): void {
    this.#meter.reset();
    this.state = "starting";
  }

  came(bytes: number): void {
    this.#tries = 0;
    this.#meter.add(bytes);
  }

  /** Waits for another try, if the error may pass and there were not too many; otherwise it has failed. */
  stumble(why: DownloadError, timers: Timers, onQueued: () => void): void {
    // A server that says for how long is not failing.
    if (why.waitMs === undefined) this.#tries += 1;
    if ((why.remedy !== "retry" && why.remedy !== "restart") || this.#tries >= MAX_TRIES) {
      this.state = "failed";
      this.record.error = bodyOf(why);
      return;
    }
    const waitMs = why.waitMs ?? Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.#tries - 1));
    const cancel = timers.after(waitMs, () => {
      if (this.state !== "waiting") return;
      this.#waiting = null;
      this.state = "queued";
      onQueued();
    });
    this.#waiting = { untilMs: timers.nowMs() + waitMs, why, cancel };
    this.state = "waiting";
  }

  stopWaiting(): void {
    this.#waiting?.cancel();
    this.#waiting = null;
  }

  /** As people see it. */
  describe(): Download {
    const { record, state } = this;
    const { id, source, name, addedAtMs, error, parts } = record;
    const totalBytes = parts === null ? null : parts.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
    const receivedBytes = (parts ?? []).reduce((sum, part) => sum + part.fileBytes - missingBytes(part), 0);
    const hasPublishedHash = parts === null ? null : parts.every(({ sha256 }) => sha256 !== null);
    const common = { id, source, name, addedAtMs, totalBytes, receivedBytes, hasPublishedHash };
    switch (state) {
      case "downloading": {
        const bytesPerSecond = this.#meter.bytesPerSecond();
        const isKnown = totalBytes !== null && bytesPerSecond !== null && bytesPerSecond > 0;
        return {
          ...common,
          state,
          bytesPerSecond,
          secondsLeft: isKnown ? (totalBytes - receivedBytes) / bytesPerSecond : null,
        };
      }
      case "waiting":
        return this.#waiting === null
          ? { ...common, state: "queued" }
          : { ...common, state, untilMs: this.#waiting.untilMs, why: bodyOf(this.#waiting.why) };
      case "failed":
        return { ...common, state, error: error ?? { code: "INTERNAL", message: "It failed for an unknown reason." } };
      default:
        return { ...common, state };
    }
  }
}

const bodyOf = ({ code, message, next }: DownloadError) => ({ code, message, ...(next !== undefined && { next }) });
