export interface Store<State> {
  readonly get: () => State;
  /** The state of a server-rendered page, and of every first client render. */
  readonly initial: () => State;
  readonly set: (next: State) => void;
  readonly update: (change: (previous: State) => State) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

/**
 * A value with listeners, independent of any framework.
 *
 * @param activate runs when the first listener comes, and returns what to do when the last one leaves: a store without
 * listeners holds no connection and no timer.
 */
export function createStore<State>(initial: State, activate?: () => () => void): Store<State> {
  let state = initial;
  let deactivate: (() => void) | undefined;
  const listeners = new Set<() => void>();

  const set = (next: State) => {
    if (Object.is(next, state)) return;
    state = next;
    for (const listener of [...listeners]) listener();
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    if (listeners.size === 1) deactivate = activate?.();
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) deactivate?.();
    };
  };
  return { get: () => state, initial: () => initial, set, update: change => set(change(state)), subscribe };
}
