/** Those who want to know of one kind of change. */
export class Listeners<News extends readonly unknown[] = []> {
  readonly #listeners = new Set<(...news: News) => void>();
  #deactivate: (() => void) | undefined;

  /** @param activate runs when the first listener comes, and returns what to do when the last one leaves */
  constructor(private readonly activate?: () => () => void) {}

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  readonly subscribe = (listener: (...news: News) => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#deactivate = this.activate?.();
    return () => {
      if (this.#listeners.delete(listener) && this.isEmpty) this.#deactivate?.();
    };
  };

  readonly notify = (...news: News): void => {
    for (const listener of [...this.#listeners]) listener(...news);
  };
}

/** What reports changes. */
interface Source {
  subscribe(listener: () => void): () => void;
}

export function subscribeToAll(sources: readonly Source[], listener: () => void): () => void {
  const ends = sources.map(source => source.subscribe(listener));
  return () => {
    for (const end of ends) end();
  };
}
