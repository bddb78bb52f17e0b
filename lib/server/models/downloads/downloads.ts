import { stat } from "node:fs/promises";
import type { Download } from "@/lib/schema/models/download";
import { Listeners } from "@/lib/server/system/listeners";
import { RequestError } from "@/lib/server/system/request-error";
import { systemTimers, type Timers } from "@/lib/server/system/timers";
import { asDownloadError, DownloadError, GOES_ON } from "./download-error";
import { DownloadFolder, newRecord } from "./download-folder";
import { DownloadJob } from "./download-job";
import { runDownload } from "./download-run";
import { downloadTarget } from "./download-target";
import { transferPart } from "./part-transfer";
import { SpeedLimit } from "./speed-limit";
import { type TransferOptions, type TransferPace, usualPace } from "./transfer-options";

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
  /** Whether an answer is being generated: it goes first. Never, unless given. */
  readonly isAnswering?: () => boolean;
  /** Told of each model that was fetched and checked: the sha256 of each part. Left out for a server that tells none. */
  readonly onChecked?: (name: string, sha256s: readonly string[], source: string) => void;
  readonly timers?: Timers;
  readonly pace?: TransferPace;
  /** Fetches what is missing of a file; in this thread unless given. */
  readonly transfer?: (options: TransferOptions) => Promise<void>;
}

type Action = "pause" | "resume" | "cancel" | "dismiss";

/** Longest queue: more is a mistake or an attack. */
const MAX_JOBS = 100;
const REPORT_MS = 250;
/** How often this checks whether another Headroom still has the downloads of this folder. */
const OTHER_MS = 10_000;

class Stopped extends Error {}

/**
 * The queue of downloads. One model is fetched at a time, over several connections: two at once would only each take half as fast,
 * and the first would be ready later. Paused and waiting ones let the next one through.
 */
export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #timers: Timers;
  readonly #folder: DownloadFolder;
  readonly #limit: SpeedLimit;
  readonly #listeners = new Listeners();
  #jobs: DownloadJob[] = [];
  #active: { readonly job: DownloadJob; readonly abort: AbortController; readonly ended: Promise<void> } | null = null;
  #adopted = Promise.resolve();
  #stopRetrying = () => {};
  #isClosed = false;

  constructor(options: DownloadsOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#folder = new DownloadFolder(options.modelsFolder);
    this.#limit = new SpeedLimit({ path: options.limitPath, isAnswering: options.isAnswering ?? (() => false) });
  }

  /** Goes on with what an earlier run of the server left. @param isPaused only lists it: each goes on when it is started */
  async continueEarlier({ isPaused = false } = {}): Promise<void> {
    if (!(await this.#folder.hasLeftovers())) return;
    if (await this.#resume(isPaused)) await this.#folder.removeOrphans();
  }

  /** @returns false while another Headroom has them; this is tried again until that one has ended */
  async #resume(isPaused: boolean): Promise<boolean> {
    const isOwn = await this.#own(isPaused);
    if (!isOwn && !this.#isClosed)
      this.#stopRetrying = this.#timers.after(OTHER_MS, () => void this.#resume(isPaused).catch(() => {}));
    this.#changed();
    this.#startNext();
    return isOwn;
  }

  list(): Download[] {
    return this.#jobs.map(job => job.describe());
  }

  get bytesPerSecondLimit(): number | null {
    return this.#limit.bytesPerSecond;
  }

  limitSpeed(bytesPerSecondLimit: number | null): void {
    this.#limit.set(bytesPerSecondLimit);
  }

  /**
   * Queues a model. One that is queued, paused or failed goes on; one that is on this computer is done.
   *
   * @throws RemoteHeaderError, ModelFileError, RequestError
   */
  async start(source: string): Promise<Download> {
    const target = downloadTarget(source, this.#options.endpoint);
    const isThere = await this.#isThere(target.name);
    if (!isThere) await this.#own();
    let job = this.#jobs.find(({ record }) => record.name === target.name);
    // The file of a finished download may have been removed since.
    if (job?.state === "done" && !isThere) {
      this.#drop(job);
      job = undefined;
    }
    if (job === undefined) {
      if (this.#jobs.length >= MAX_JOBS)
        throw new RequestError("BUSY", `${MAX_JOBS} downloads are in the list: dismiss some first.`);
      job = new DownloadJob(newRecord(target.source, target.name, this.#timers.nowMs()), isThere ? "done" : "queued");
      this.#jobs.push(job);
    } else if (job.state === "paused" || job.state === "failed") job.queue();
    if (job.state === "queued") await this.#save(job);
    this.#changed();
    this.#startNext();
    return job.describe();
  }

  /** @throws RequestError NOT_FOUND */
  async command(id: string, action: Action): Promise<void> {
    const job = this.#jobs.find(({ record }) => record.id === id);
    if (job === undefined) throw new RequestError("NOT_FOUND", "There is no such download any more.");
    if (action === "resume") resume(job);
    else if (action === "pause") await this.#pause(job);
    else if (action === "cancel" || job.isOver) await this.#remove(job);
    this.#changed();
    this.#startNext();
  }

  /** Takes finished ones off the list whose file a person has deleted or renamed since: then the model can be fetched again. */
  async dropGone(): Promise<void> {
    for (const job of this.#jobs.filter(({ state }) => state === "done")) {
      if (await this.#isThere(job.record.name)) continue;
      this.#drop(job);
      this.#changed();
    }
  }

  readonly subscribe = this.#listeners.subscribe;

  /** Calls back when a model has come into the models folder. */
  readonly placed = new Listeners();

  /** Stops at once, and keeps what was fetched for the next start. */
  async shutdown(): Promise<void> {
    this.#isClosed = true;
    this.#stopRetrying();
    for (const job of this.#jobs) job.stopWaiting();
    await this.#stopActive();
    this.#folder.giveBack();
  }

  /** @returns false while another Headroom, with another home, has the downloads of this folder */
  async #own(isPaused = false): Promise<boolean> {
    const owner = this.#folder.own();
    if (owner === "free") this.#adopted = this.#adopt(isPaused);
    await this.#adopted;
    return owner !== "taken";
  }

  async #adopt(isPaused: boolean): Promise<void> {
    const known = new Set(this.#jobs.map(({ record }) => record.id));
    for (const record of await this.#folder.readAll()) {
      if (known.has(record.id)) continue;
      const state = record.error !== null ? "failed" : isPaused || record.isPaused ? "paused" : "queued";
      this.#jobs.push(new DownloadJob(record, state));
    }
  }

  async #isThere(name: string): Promise<boolean> {
    return (await stat(this.#folder.placePath(name)).catch(() => null))?.isFile() === true;
  }

  async #pause(job: DownloadJob): Promise<void> {
    if (job.isOver) return;
    job.record.isPaused = true;
    if (this.#active?.job === job) await this.#stopActive();
    // It may have ended meanwhile.
    if (job.isOver) return;
    job.pause();
    await this.#save(job);
  }

  async #remove(job: DownloadJob): Promise<void> {
    // First, so that the queue does not begin it again.
    this.#drop(job);
    if (this.#active?.job === job) await this.#stopActive();
    if (job.state !== "done") await this.#folder.remove(job.record);
  }

  #drop(job: DownloadJob): void {
    job.stopWaiting();
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

  async #run(job: DownloadJob, signal: AbortSignal): Promise<void> {
    const { endpoint, token, trustedOrigins = [], pace = usualPace, transfer = transferPart } = this.#options;
    const hubOrigin = new URL(endpoint).origin;
    const rules = { hubOrigin, token, trustedOrigins: [hubOrigin, ...trustedOrigins] };
    job.begin();
    const reporting = setInterval(() => this.#changed(), REPORT_MS);
    try {
      if (!(await this.#own())) throw this.#inOtherHands();
      if (await this.#isNeedless(job)) return;
      await runDownload({
        record: job.record,
        folder: this.#folder,
        endpoint,
        rules,
        limit: this.#limit.pacer,
        pace,
        transfer,
        signal,
        onState: state => {
          job.state = state;
          this.#changed();
        },
        onBytes: bytes => job.came(bytes),
      });
      await this.#forget(job);
      this.#reportHashes(job.record);
      job.state = "done";
      this.placed.notify();
    } catch (error) {
      await this.#stopped(job, error, signal);
    } finally {
      clearInterval(reporting);
    }
  }

  #inOtherHands(): DownloadError {
    const message = `Another Headroom is fetching models into ${this.#options.modelsFolder}.`;
    return new DownloadError("BUSY", "retry", message, { next: GOES_ON, waitMs: OTHER_MS });
  }

  /** What the other Headroom has fetched, or left for this one to go on with. */
  async #isNeedless(job: DownloadJob): Promise<boolean> {
    const { name, parts } = job.record;
    if (this.#jobs.some(other => other !== job && other.record.name === name)) this.#drop(job);
    else if (parts === null && (await this.#isThere(name))) {
      await this.#forget(job);
      job.state = "done";
    } else return false;
    return true;
  }

  /** The model is there, also where its record stays. */
  async #forget({ record }: DownloadJob): Promise<void> {
    await this.#folder.remove(record).catch(error => this.#options.onFailure("A record of a download stays", error));
  }

  #reportHashes({ name, source, parts }: DownloadJob["record"]): void {
    const sha256s = (parts ?? []).map(part => part.sha256).filter(sha256 => sha256 !== null);
    if (sha256s.length === 0 || sha256s.length !== parts?.length) return;
    try {
      this.#options.onChecked?.(name, sha256s, source);
    } catch (error) {
      // The model is there anyway.
      this.#options.onFailure(`The sha256 of ${name} could not be kept`, error);
    }
  }

  async #stopped(job: DownloadJob, error: unknown, signal: AbortSignal): Promise<void> {
    if (job.state === "done") return;
    if (signal.reason instanceof Stopped) {
      job.state = job.record.isPaused ? "paused" : "queued";
      return this.#save(job);
    }
    const why = asDownloadError(error, job.record.name, this.#options.modelsFolder);
    if (why.code === "INTERNAL") this.#options.onFailure(`The download of ${job.record.name} stopped`, error);
    if (why.remedy === "restart" || why.remedy === "drop") await this.#dropParts(job);
    job.stumble(why, this.#timers, () => {
      this.#changed();
      this.#startNext();
    });
    await this.#save(job);
  }

  async #dropParts(job: DownloadJob): Promise<void> {
    await this.#folder.removeParts(job.record).catch(error => this.#options.onFailure("A part file stays", error));
    job.record.parts = null;
  }

  /** If the folder cannot be written to, the download reports it when it runs. */
  async #save({ record }: DownloadJob): Promise<void> {
    await this.#folder.save(record).catch(() => {});
  }

  #changed(): void {
    this.#listeners.notify();
  }
}

function resume(job: DownloadJob): void {
  if (job.state === "paused" || job.state === "failed" || job.state === "waiting") job.queue();
}
