import type { Store } from "./store";

type Derived<Value> = Pick<Store<Value>, "get" | "initial" | "subscribe">;

/**
 * A value computed from other stores: at most once for the same inputs, and only when somebody reads it.
 *
 * @param inputs returns what `compute` depends on; compared item by item with ===.
 */
export function deriveStore<Inputs extends readonly unknown[], Value>(
  sources: readonly Pick<Store<unknown>, "subscribe">[],
  inputs: () => Inputs,
  compute: (inputs: Inputs) => Value,
  initial: Value,
): Derived<Value> {
  let last: { inputs: Inputs; value: Value } | undefined;
  const get = () => {
    const now = inputs();
    if (last === undefined || now.some((value, index) => value !== last?.inputs[index])) {
      last = { inputs: now, value: compute(now) };
    }
    return last.value;
  };
  const subscribe = (listener: () => void) => {
    const endings = sources.map(source => source.subscribe(listener));
    return () => {
      for (const end of endings) end();
    };
  };
  return { get, initial: () => initial, subscribe };
}
