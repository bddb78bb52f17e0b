import type { EngineJob, JobRank } from "./engine-job";

const rankOrder: Record<JobRank, number> = { model: 0, question: 1, request: 2 };

/** Jobs that the child has not seen yet, ordered by rank, and by arrival within a rank. */
export class CommandQueue {
  #waiting: EngineJob[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  /** Whether a model change is next. Its dry run counts too, because the load follows it. */
  get holdsModelJob(): boolean {
    return this.#waiting[0]?.options.rank === "model";
  }

  push(job: EngineJob): void {
    const after = this.#waiting.findIndex(other => rankOrder[other.options.rank] > rankOrder[job.options.rank]);
    this.#waiting.splice(after === -1 ? this.#waiting.length : after, 0, job);
  }

  /** Looks at the next job without taking it. */
  peek(): EngineJob | undefined {
    return this.#waiting[0];
  }

  /** Among the requests: 1 is next; null for a job that does not wait here. */
  positionOf(job: EngineJob): number | null {
    let position = 0;
    for (const other of this.#waiting) {
      if (other.options.rank === "request") position += 1;
      if (other === job) return position;
    }
    return null;
  }

  shift(): EngineJob | undefined {
    return this.#waiting.shift();
  }

  /** @returns whether the job was still waiting. */
  remove(job: EngineJob): boolean {
    const index = this.#waiting.indexOf(job);
    if (index !== -1) this.#waiting.splice(index, 1);
    return index !== -1;
  }

  /** Takes out all jobs, or those of one command type. */
  takeAll(type?: EngineJob["command"]["type"]): EngineJob[] {
    const taken = this.#waiting.filter(job => type === undefined || job.command.type === type);
    this.#waiting = this.#waiting.filter(job => !taken.includes(job));
    return taken;
  }
}
