import type { EngineJob } from "./engine-job";
import { FairTurns } from "./fair-turns";

/** Jobs that the child has not seen yet: model changes by arrival, then questions by arrival, then requests by turns of their callers. */
export class CommandQueue {
  readonly #models: EngineJob[] = [];
  readonly #questions: EngineJob[] = [];
  readonly #requests = new FairTurns<EngineJob>(job => job.options.caller ?? PAGE);

  get length(): number {
    return this.#models.length + this.#questions.length + this.#requests.length;
  }

  /** Whether a model change is next. Its dry run counts too, because the load follows it. */
  get holdsModelJob(): boolean {
    return this.#models.length > 0;
  }

  push(job: EngineJob): void {
    this.#lineOf(job).push(job);
  }

  /** Looks at the next job without taking it. */
  peek(): EngineJob | undefined {
    return this.#models[0] ?? this.#questions[0] ?? this.#requests.peek();
  }

  /** Among the requests: 1 is next; null for a job that does not wait here. */
  positionOf(job: EngineJob): number | null {
    const index = [...this.#requests].indexOf(job);
    return index === -1 ? null : index + 1;
  }

  shift(): EngineJob | undefined {
    return this.#models.shift() ?? this.#questions.shift() ?? this.#requests.shift();
  }

  /** @returns whether the job was still waiting. */
  remove(job: EngineJob): boolean {
    const line = this.#lineOf(job);
    if (line instanceof FairTurns) return line.remove(job);
    const index = line.indexOf(job);
    if (index !== -1) line.splice(index, 1);
    return index !== -1;
  }

  /** Takes out all jobs, or those of one command type. */
  takeAll(type?: EngineJob["command"]["type"]): EngineJob[] {
    const all = [...this.#models, ...this.#questions, ...this.#requests];
    const taken = all.filter(job => type === undefined || job.command.type === type);
    for (const job of taken) this.remove(job);
    return taken;
  }

  /** The request that makes room for this one, if another caller has more places; it is taken out. */
  takeGreediest(job: EngineJob): EngineJob | null {
    const greediest = this.#requests.greediest(job.options.caller ?? PAGE);
    if (greediest !== undefined) this.remove(greediest);
    return greediest ?? null;
  }

  #lineOf({ options }: EngineJob): EngineJob[] | FairTurns<EngineJob> {
    return { model: this.#models, question: this.#questions, request: this.#requests }[options.rank];
  }
}

/** Who asks where nobody else is named: the chat page, and Headroom itself. */
const PAGE = "page";
