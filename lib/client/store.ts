export interface Store<State> {
  readonly get: () => State;
  /** What a server-rendered page shows, and every first client render with it. */
  readonly initial: () => State;
  readonly set: (next: State) => void;
  readonly update: (change: (previous: State) => State) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

/**
 * A value with listeners, and no framework in it.
 *
 * @param activate runs when the first listener comes and returns what to do when the last one goes: a store that
 * nobody looks at holds no connection and no timer.
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
