import type { CommandName, JobCommand, JobMessage } from "@/lib/schema/engine-commands";
import type { Timers } from "@/lib/server/system/timers";
import { CommandQueue } from "./command-queue";
import type { EngineChild } from "./engine-child";
import { EngineCancelledError, EngineError } from "./engine-errors";
import type { EngineJob } from "./engine-job";
import type { EngineLifecycle } from "./engine-lifecycle";
import type { EngineLimits } from "./engine-limits";

export interface DispatcherEvents {
  /** Called just before the child gets this command. */
  onBegin(command: JobCommand): void;
  /** A message of the child about its current command, whether or not anyone still waits for it. */
  onMessage(message: JobMessage): void;
  onChange(): void;
  /** How many answers the child can write at once. */
  answersAtOnce(): number;
}

/**
 * Gives the child its commands in order of rank; passes cancellations to it and answers back. The child writes as many answers at once
 * as its context has sequences, and answers questions beside them; every other command is alone there.
 */
export class EngineDispatcher {
  readonly #queue = new CommandQueue();
  /** Commands that the child works on, by id: one, or several answers. */
  readonly #active = new Map<string, EngineJob>();
  /** Commands that the child handles beside the active one, by id. */
  readonly #asides = new Map<string, EngineJob>();

  constructor(
    private readonly lifecycle: EngineLifecycle,
    private readonly limits: EngineLimits,
    private readonly timers: Timers,
    private readonly events: DispatcherEvents,
  ) {}

  get waitingCount(): number {
    return this.#queue.length;
  }

  get answeringCount(): number {
    return this.#answers.length;
  }

  /** A load, or the dry run before it, waits for an answer. */
  get loadWaits(): boolean {
    return this.#answers.length > 0 && this.#queue.holdsModelJob;
  }

  /** Whose turn it is among all requests that wait: 1 is next; null when it is this job's turn, or was. */
  positionOf(job: EngineJob): number | null {
    return this.#queue.positionOf(job);
  }

  /** What the child is doing: with several answers, any of them. */
  get activeCommand(): JobCommand | null {
    return this.#anActive?.command ?? null;
  }

  submit(job: EngineJob, signal?: AbortSignal): void {
    const refusal = this.lifecycle.refusal() ?? this.#refusalOf(job, signal);
    if (refusal !== null) {
      job.fail(signal?.aborted ? refusal : endOf(job, refusal));
      return;
    }
    this.#queue.push(job);
    if (signal !== undefined) this.#cancelOnAbort(job, signal);
    if (job.options.caller !== undefined) this.#limitWait(job);
    this.pump();
    this.events.onChange();
  }

  /** Sends at once, whatever the child is doing. The child must be running. */
  submitAside(job: EngineJob, signal?: AbortSignal): void {
    const child = this.lifecycle.readyChild;
    if (child === null) {
      job.fail(new EngineError("BUSY", "The engine is being replaced."));
      return;
    }
    this.#asides.set(job.command.id, job);
    if (signal !== undefined) this.#cancelOnAbort(job, signal);
    child.send(job.command);
  }

  /** Gives the child its next commands, as far as it is free for them. */
  pump(): void {
    for (let job = this.#queue.peek(); job !== undefined && this.#isFreeFor(job); job = this.#queue.peek()) {
      const { lifecycle } = this;
      if (lifecycle.state === "stopped") this.#startFor(job);
      if (lifecycle.readyChild === null) return;
      // A child of the other mode replaces it, and the job begins there.
      if (!lifecycle.suits(job.options.mode)) return void lifecycle.stopChild();
      this.#begin(job, lifecycle.readyChild);
    }
  }

  receive(message: JobMessage): void {
    const aside = this.#asides.get(message.id);
    if (aside !== undefined) {
      aside.receive(message);
      if (aside.ended) this.#asides.delete(message.id);
      return;
    }
    const active = this.#active.get(message.id);
    if (active !== undefined) this.#receiveForActive(active, message);
  }

  cancel(job: EngineJob, why: string): void {
    if (job.ended || job.cancelled) return;
    job.cancelled = true;
    if (this.#queue.remove(job)) job.fail(new EngineCancelledError(why));
    else this.#cancelInChild(job, why);
    this.events.onChange();
  }

  /** Ends the answers in progress, so that the next job starts now. Other waiting answers stay in the queue. */
  cancelAnswers(why: string): void {
    for (const answer of this.#answers) this.cancel(answer, why);
  }

  /** Cancels waiting and running commands of one type. */
  cancelAll(type: CommandName, why: string): void {
    for (const job of this.#queue.takeAll(type)) job.fail(new EngineCancelledError(why));
    for (const job of [...this.#active.values()]) if (job.command.type === type) this.cancel(job, why);
  }

  /** The child is gone: commands that it had received will never be answered. */
  failSent(error: EngineError): void {
    const sent = [...this.#asides.values(), ...this.#active.values()];
    this.#active.clear();
    this.#asides.clear();
    for (const job of sent) job.fail(endOf(job, error));
  }

  /** @param forWaiting the error of the commands that the child never got */
  failAll(forSent: EngineError, forWaiting = forSent): void {
    const waiting = this.#queue.takeAll();
    this.failSent(forSent);
    for (const job of waiting) job.fail(endOf(job, forWaiting));
  }

  get #anActive(): EngineJob | undefined {
    return this.#active.values().next().value;
  }

  get #answers(): EngineJob[] {
    return [...this.#active.values()].filter(job => job.streams);
  }

  #isFreeFor(job: EngineJob): boolean {
    if (this.#active.size === 0) return true;
    if (this.#anActive?.streams !== true) return false;
    return job.options.rank === "question" || (job.streams && this.#active.size < this.events.answersAtOnce());
  }

  #begin(job: EngineJob, child: EngineChild): void {
    this.#queue.shift();
    const begun = job.options.rank === "question" ? this.#asides : this.#active;
    begun.set(job.command.id, job);
    this.events.onBegin(job.command);
    child.send(job.command);
  }

  #receiveForActive(job: EngineJob, message: JobMessage): void {
    this.events.onMessage(message);
    job.receive(message);
    if (!job.ended) return;
    this.#active.delete(job.command.id);
    this.pump();
    this.events.onChange();
  }

  #startFor(job: EngineJob): void {
    const { mode } = job.options;
    if (mode !== null && !this.lifecycle.suits(mode)) this.lifecycle.nextMode = mode;
    this.lifecycle.ensureChild();
  }

  #refusalOf(job: EngineJob, signal?: AbortSignal): EngineError | null {
    if (signal?.aborted) return new EngineCancelledError("Cancelled before it began.");
    if (job.options.rank === "model" || this.#queue.length < this.limits.waitingRequests) return null;
    const full = new EngineError("QUEUE_FULL", `${this.#queue.length} requests are waiting already.`);
    const greediest = this.#queue.takeGreediest(job);
    greediest?.fail(full);
    return greediest === null ? full : null;
  }

  #limitWait(job: EngineJob): void {
    const { waitLimitMs } = this.limits;
    const forget = this.timers.after(waitLimitMs, () => {
      if (!this.#queue.remove(job)) return;
      job.fail(new EngineError("BUSY", `Other answers took all turns of the last ${waitLimitMs / 60_000} minutes.`));
      this.events.onChange();
    });
    job.answer.then(forget, forget);
  }

  #cancelOnAbort(job: EngineJob, signal: AbortSignal): void {
    const onAbort = () => this.cancel(job, "Cancelled.");
    const forget = () => signal.removeEventListener("abort", onAbort);
    signal.addEventListener("abort", onAbort, { once: true });
    job.answer.then(forget, forget);
  }

  #cancelInChild(job: EngineJob, why: string): void {
    if (!job.streams) job.abandon(new EngineCancelledError(why));
    const child = this.lifecycle.child;
    child?.send({ type: "cancel", id: `${job.command.id}-cancel`, target: job.command.id });
    const { cancelLimitMs } = this.limits;
    this.timers.after(cancelLimitMs, () => {
      if (!job.ended) child?.killAsHung(`The engine went on for ${cancelLimitMs / 1000} s after it was told to stop.`);
    });
  }
}

/** When the engine is stopped, a load is called off with it. A request can be sent again once the engine is back. */
const endOf = ({ options }: EngineJob, why: EngineError): EngineError =>
  why instanceof EngineCancelledError && options.rank !== "model" ? new EngineError("BUSY", why.message) : why;
