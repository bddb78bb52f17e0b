import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import * as z from "zod";
import type { Download } from "@/lib/schema/download";
import { replaceFile } from "@/lib/server/system/replace-file";
import { RequestError } from "@/lib/server/system/request-error";
import { systemTimers, type Timers } from "@/lib/server/system/timers";
import { asDownloadError, type DownloadError } from "./download-error";
import { DownloadFolder, type DownloadRecord, newRecord } from "./download-folder";
import { receivedBytes, runDownload, totalBytes } from "./download-run";
import { downloadTarget } from "./download-target";
import { type TransferPace, usualPace } from "./part-transfer";
import { SpeedLimit } from "./speed-limit";
import { SpeedMeter } from "./speed-meter";

export interface DownloadsOptions {
  readonly modelsFolder: string;
  /** Keeps the speed limit. */
  readonly limitPath: string;
  /** HF_ENDPOINT: the server that `hf:` means. */
  readonly endpoint: string;
  /** HF_TOKEN: sent only to the endpoint's host. */
  readonly token: string | null;
  /** Origins that may be plain http or private, in addition to the endpoint's own: a test's second server. */
  readonly trustedOrigins?: readonly string[];
  readonly onFailure: (what: string, error: unknown) => void;
  readonly timers?: Timers;
  readonly pace?: TransferPace;
}

type Action = "pause" | "resume" | "cancel" | "dismiss";

interface Job {
  readonly record: DownloadRecord;
  state: Download["state"];
  waiting: { readonly untilMs: number; readonly why: DownloadError; readonly cancel: () => void } | null;
  /** Tries since the last byte. */
  tries: number;
  readonly meter: SpeedMeter;
}

/** Longest queue: more is a mistake or an attack. */
const MAX_JOBS = 100;
/** The wait doubles from one second up to this. */
const MAX_BACKOFF_MS = 60_000;
/** About ten minutes without a byte. */
const MAX_TRIES = 15;
const TELL_MS = 250;

const limitSchema = z.object({ bytesPerSecondLimit: z.nullable(z.number().int().min(1)) });

class Stopped extends Error {}

/**
 * The queue of downloads. One model is fetched at a time, over several connections: two at once would only each take half as fast,
 * and the first would be ready later. Paused and waiting ones let the next one through.
 */
export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #timers: Timers;
  readonly #folder: DownloadFolder;
  readonly #limit = new SpeedLimit();
  readonly #listeners = new Set<() => void>();
  readonly #placedListeners = new Set<() => void>();
  #jobs: Job[] = [];
  #active: { readonly job: Job; readonly abort: AbortController; readonly ended: Promise<void> } | null = null;
  #isClosed = false;

  constructor(options: DownloadsOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#folder = new DownloadFolder(options.modelsFolder);
    this.#limit.bytesPerSecond = readLimit(options.limitPath);
  }

  /** Goes on with what an earlier run of the server left. @param isPaused only lists it: each goes on when it is started */
  async continueEarlier({ isPaused = false } = {}): Promise<void> {
    const known = new Set(this.#jobs.map(({ record }) => record.id));
    for (const record of await this.#folder.readAll()) {
      if (known.has(record.id)) continue;
      const state = record.error !== null ? "failed" : isPaused || record.isPaused ? "paused" : "queued";
      this.#jobs.push(newJob(record, state));
    }
    this.#changed();
    this.#startNext();
  }

  list(): Download[] {
    return this.#jobs.map(job => this.#describe(job));
  }

  get bytesPerSecondLimit(): number | null {
    return this.#limit.bytesPerSecond;
  }

  limitSpeed(bytesPerSecondLimit: number | null): void {
    replaceFile(this.#options.limitPath, JSON.stringify({ bytesPerSecondLimit }));
    this.#limit.bytesPerSecond = bytesPerSecondLimit;
  }

  /**
   * Queues a model. One that is queued, paused or failed goes on; one that is on this computer is done.
   *
   * @throws RemoteHeaderError, ModelFileError, RequestError
   */
  async start(source: string): Promise<Download> {
    const target = downloadTarget(source, this.#options.endpoint);
    const isThere = (await stat(this.#folder.placePath(target.name)).catch(() => null))?.isFile() === true;
    let job = this.#jobs.find(({ record }) => record.name === target.name);
    // The file of a finished download may have been removed since.
    if (job?.state === "done" && !isThere) {
      this.#drop(job);
      job = undefined;
    }
    if (job === undefined) {
      if (this.#jobs.length >= MAX_JOBS)
        throw new RequestError("BUSY", `${MAX_JOBS} downloads are in the list: dismiss some first.`);
      job = newJob(newRecord(target.source, target.name, this.#timers.nowMs()), isThere ? "done" : "queued");
      this.#jobs.push(job);
    } else if (job.state === "paused" || job.state === "failed") this.#queue(job);
    if (job.state === "queued") await this.#save(job);
    this.#changed();
    this.#startNext();
    return this.#describe(job);
  }

  /** @throws RequestError NOT_FOUND */
  async command(id: string, action: Action): Promise<void> {
    const job = this.#jobs.find(({ record }) => record.id === id);
    if (job === undefined) throw new RequestError("NOT_FOUND", "There is no such download any more.");
    if (action === "resume") this.#resume(job);
    else if (action === "pause") await this.#pause(job);
    else if (action === "cancel" || isOver(job)) await this.#remove(job);
    this.#changed();
    this.#startNext();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls back when a model has come into the models folder. */
  readonly placed = {
    subscribe: (listener: () => void): (() => void) => {
      this.#placedListeners.add(listener);
      return () => this.#placedListeners.delete(listener);
    },
  };

  /** Stops at once, and keeps what was fetched for the next start. */
  async shutdown(): Promise<void> {
    this.#isClosed = true;
    for (const { waiting } of this.#jobs) waiting?.cancel();
    await this.#stopActive();
  }

  #resume(job: Job): void {
    if (job.state === "paused" || job.state === "failed" || job.state === "waiting") this.#queue(job);
  }

  #queue(job: Job): void {
    job.waiting?.cancel();
    job.waiting = null;
    job.record.error = null;
    job.record.isPaused = false;
    job.tries = 0;
    job.state = "queued";
  }

  async #pause(job: Job): Promise<void> {
    if (isOver(job)) return;
    job.record.isPaused = true;
    if (this.#active?.job === job) await this.#stopActive();
    // It may have ended meanwhile.
    if (isOver(job)) return;
    job.waiting?.cancel();
    job.waiting = null;
    job.state = "paused";
    await this.#save(job);
  }

  async #remove(job: Job): Promise<void> {
    // First, so that the queue does not begin it again.
    this.#drop(job);
    if (this.#active?.job === job) await this.#stopActive();
    if (job.state !== "done") await this.#folder.remove(job.record);
  }

  #drop(job: Job): void {
    job.waiting?.cancel();
    this.#jobs = this.#jobs.filter(other => other !== job);
  }

  async #stopActive(): Promise<void> {
    const active = this.#active;
    active?.abort.abort(new Stopped());
    await active?.ended;
  }

  #startNext(): void {
    if (this.#active !== null || this.#isClosed) return;
    const job = this.#jobs.find(({ state }) => state === "queued");
    if (job === undefined) return;
    const abort = new AbortController();
    const ended = this.#run(job, abort.signal).then(() => {
      this.#active = null;
      this.#changed();
      this.#startNext();
    });
    this.#active = { job, abort, ended };
  }

  async #run(job: Job, signal: AbortSignal): Promise<void> {
    const { endpoint, token, trustedOrigins = [], pace = usualPace } = this.#options;
    const hubOrigin = new URL(endpoint).origin;
    const rules = { hubOrigin, token, trustedOrigins: [hubOrigin, ...trustedOrigins] };
    job.state = "starting";
    job.meter.reset();
    const telling = setInterval(() => this.#changed(), TELL_MS);
    try {
      await runDownload({
        record: job.record,
        folder: this.#folder,
        endpoint,
        rules,
        limit: this.#limit,
        pace,
        signal,
        onState: state => {
          job.state = state;
          this.#changed();
        },
        onBytes: bytes => {
          job.tries = 0;
          job.meter.add(bytes);
        },
      });
      job.state = "done";
      await this.#folder.remove(job.record);
      for (const listener of this.#placedListeners) listener();
    } catch (error) {
      await this.#stopped(job, error, signal);
    } finally {
      clearInterval(telling);
    }
  }

  async #stopped(job: Job, error: unknown, signal: AbortSignal): Promise<void> {
    if (job.state === "done") return;
    if (signal.reason instanceof Stopped) {
      job.state = job.record.isPaused ? "paused" : "queued";
      return this.#save(job);
    }
    const why = asDownloadError(error, job.record.name, this.#options.modelsFolder);
    if (why.code === "INTERNAL") this.#options.onFailure(`The download of ${job.record.name} stopped`, error);
    if (why.remedy === "anew" || why.remedy === "drop") await this.#dropParts(job);
    job.tries += 1;
    const isPassing = (why.remedy === "retry" || why.remedy === "anew") && job.tries < MAX_TRIES;
    if (isPassing) this.#waitAndTryAgain(job, why);
    else this.#fail(job, why);
    await this.#save(job);
  }

  #waitAndTryAgain(job: Job, why: DownloadError): void {
    const waitMs = why.waitMs ?? Math.min(MAX_BACKOFF_MS, 1000 * 2 ** (job.tries - 1));
    const cancel = this.#timers.after(waitMs, () => {
      if (job.state !== "waiting") return;
      job.waiting = null;
      job.state = "queued";
      this.#changed();
      this.#startNext();
    });
    job.waiting = { untilMs: this.#timers.nowMs() + waitMs, why, cancel };
    job.state = "waiting";
  }

  #fail(job: Job, why: DownloadError): void {
    job.state = "failed";
    job.record.error = bodyOf(why);
  }

  async #dropParts(job: Job): Promise<void> {
    await this.#folder.removeParts(job.record).catch(error => this.#options.onFailure("A part file stays", error));
    job.record.parts = null;
  }

  /** Where the folder cannot be written to, the download tells so itself when it runs. */
  async #save({ record }: Job): Promise<void> {
    await this.#folder.save(record).catch(() => {});
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #describe({ record, state, waiting, meter }: Job): Download {
    const { id, source, name, addedAtMs, error } = record;
    const total = totalBytes(record);
    const received = receivedBytes(record);
    const common = { id, source, name, addedAtMs, totalBytes: total, receivedBytes: received };
    if (state === "downloading") {
      const bytesPerSecond = meter.bytesPerSecond();
      const secondsLeft = total === null || !bytesPerSecond ? null : (total - received) / bytesPerSecond;
      return { ...common, state, bytesPerSecond, secondsLeft };
    }
    if (state === "waiting")
      return waiting === null
        ? { ...common, state: "queued" }
        : { ...common, state, untilMs: waiting.untilMs, why: bodyOf(waiting.why) };
    if (state === "failed")
      return { ...common, state, error: error ?? { code: "INTERNAL", message: "It failed for an unknown reason." } };
    return { ...common, state };
  }
}

const newJob = (record: DownloadRecord, state: Download["state"]): Job => ({
  record,
  state,
  waiting: null,
  tries: 0,
  meter: new SpeedMeter(),
});

const isOver = ({ state }: Job): boolean => state === "done" || state === "failed";

const bodyOf = ({ code, message, next }: DownloadError) => ({ code, message, ...(next !== undefined && { next }) });

function readLimit(path: string): number | null {
  try {
    return limitSchema.parse(JSON.parse(readFileSync(path, "utf8"))).bytesPerSecondLimit;
  } catch {
    return null;
  }
}
