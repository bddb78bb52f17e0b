/**
 * Items that wait for a turn. Callers take turns: each has one before any has its next. So for each of its items a caller waits for at
 * most one turn of every other caller.
 */
export class FairTurns<Item> {
  /** In the order of their next turns. A caller who comes or has had a turn is the last. Callers with nothing waiting are not in it. */
  readonly #callers = new Map<string, Item[]>();

  constructor(private readonly callerOf: (item: Item) => string) {}

  get length(): number {
    return [...this.#callers.values()].reduce((sum, items) => sum + items.length, 0);
  }

  /** All that wait, in the order of their turns. */
  *[Symbol.iterator](): Generator<Item, void, undefined> {
    const lines = [...this.#callers.values()];
    const rounds = Math.max(0, ...lines.map(items => items.length));
    for (let round = 0; round < rounds; round += 1)
      for (const items of lines) {
        const item = items[round];
        if (item !== undefined) yield item;
      }
  }

  push(item: Item): void {
    const caller = this.callerOf(item);
    const items = this.#callers.get(caller);
    if (items === undefined) this.#callers.set(caller, [item]);
    else items.push(item);
  }

  peek(): Item | undefined {
    return this.#callers.values().next().value?.[0];
  }

  shift(): Item | undefined {
    const [first] = this.#callers;
    if (first === undefined) return undefined;
    const [caller, [item, ...rest]] = first;
    this.#callers.delete(caller);
    if (rest.length > 0) this.#callers.set(caller, rest);
    return item;
  }

  /** @returns whether the item was still waiting. */
  remove(item: Item): boolean {
    const caller = this.callerOf(item);
    const items = this.#callers.get(caller) ?? [];
    const index = items.indexOf(item);
    if (index === -1) return false;
    items.splice(index, 1);
    if (items.length === 0) this.#callers.delete(caller);
    return true;
  }

  /** The newest of the caller who has the most, if that is more than `caller` would have with one more. */
  greediest(caller: string): Item | undefined {
    const [most = []] = [...this.#callers.values()].sort((a, b) => b.length - a.length);
    return most.length > (this.#callers.get(caller)?.length ?? 0) + 1 ? most.at(-1) : undefined;
  }
}
