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
}

/** Gives the child one command at a time, in order of rank; passes cancellations to it and answers back. */
export class EngineDispatcher {
  readonly #queue = new CommandQueue();
  #active: EngineJob | null = null;
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

  /** A load, or the dry run before it, waits for an answer. */
  get loadWaits(): boolean {
    return this.#answer !== null && this.#queue.holdsModelJob;
  }

  /** Whose turn it is among all that wait: 1 is next; null when it is this job's turn, or was. */
  positionOf(job: EngineJob): number | null {
    return this.#queue.positionOf(job);
  }

  get activeCommand(): JobCommand | null {
    return this.#active?.command ?? null;
  }

  submit(job: EngineJob, signal?: AbortSignal): void {
    const refusal = this.lifecycle.refusal() ?? this.#refusalOf(job, signal);
    if (refusal !== null) {
      job.fail(refusal);
      return;
    }
    this.#queue.push(job);
    if (signal !== undefined) this.#cancelOnAbort(job, signal);
    this.pump();
    this.events.onChange();
  }

  /** Sends at once, whatever the child is doing. The child must be running. */
  submitAside(job: EngineJob, signal?: AbortSignal): void {
    const child = this.lifecycle.readyChild;
    if (child === null) {
      job.fail(new EngineError("BUSY", "The engine is being replaced. Try again in a moment."));
      return;
    }
    this.#asides.set(job.command.id, job);
    if (signal !== undefined) this.#cancelOnAbort(job, signal);
    child.send(job.command);
  }

  /** Gives the child its next command, if it is free for one. */
  pump(): void {
    const job = this.#queue.peek();
    if (job === undefined || this.#active !== null) return;
    const { lifecycle } = this;
    if (lifecycle.state === "stopped") this.#startFor(job);
    if (lifecycle.readyChild === null) return;
    // A child of the other mode replaces it, and the job begins there.
    if (!lifecycle.suits(job.options.mode)) void lifecycle.stopChild();
    else this.#begin(job, lifecycle.readyChild);
  }

  receive(message: JobMessage): void {
    const aside = this.#asides.get(message.id);
    if (aside !== undefined) {
      aside.receive(message);
      if (aside.ended) this.#asides.delete(message.id);
    } else if (this.#active?.command.id === message.id) {
      this.#receiveForActive(this.#active, message);
    }
  }

  cancel(job: EngineJob, why: string): void {
    if (job.ended || job.cancelled) return;
    job.cancelled = true;
    if (this.#queue.remove(job)) job.fail(new EngineCancelledError(why));
    else this.#cancelInChild(job, why);
    this.events.onChange();
  }

  /** Ends the answer in progress, so that the next job starts now. Other waiting answers stay in the queue. */
  cancelAnswer(why: string): void {
    if (this.#answer !== null) this.cancel(this.#answer, why);
  }

  /** Cancels waiting and running commands of one type. */
  cancelAll(type: CommandName, why: string): void {
    for (const job of this.#queue.takeAll(type)) job.fail(new EngineCancelledError(why));
    if (this.#active?.command.type === type) this.cancel(this.#active, why);
  }

  /** The child is gone: commands that it had received will never be answered. */
  failSent(error: EngineError): void {
    const sent = [...this.#asides.values()];
    if (this.#active !== null) sent.push(this.#active);
    this.#active = null;
    this.#asides.clear();
    for (const job of sent) job.fail(error);
  }

  failAll(error: EngineError): void {
    const waiting = this.#queue.takeAll();
    this.failSent(error);
    for (const job of waiting) job.fail(error);
  }

  get #answer(): EngineJob | null {
    const type = this.#active?.command.type;
    return type === "generate" || type === "complete" ? this.#active : null;
  }

  #begin(job: EngineJob, child: EngineChild): void {
    this.#queue.shift();
    this.#active = job;
    this.events.onBegin(job.command);
    child.send(job.command);
  }

  #receiveForActive(job: EngineJob, message: JobMessage): void {
    this.events.onMessage(message);
    job.receive(message);
    if (!job.ended) return;
    this.#active = null;
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
    if (job.options.rank !== "request" || this.#queue.length < this.limits.waitingRequests) return null;
    return new EngineError("BUSY", `${this.#queue.length} requests are waiting already. Try again in a moment.`);
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
