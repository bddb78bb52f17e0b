/** Messages pushed from callbacks and read by one `for await`. Messages pushed before an end or a failure are still read. */
export class Inbox<Item> implements AsyncIterable<Item> {
  #items: Item[] = [];
  #closed = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => {};

  push(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  closeWith(item: Item): void {
    this.#closed = true;
    this.push(item);
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for (;;) {
      const items = this.#items;
      this.#items = [];
      yield* items;
      if (this.#items.length > 0) continue;
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#closed) return;
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
  }
}
