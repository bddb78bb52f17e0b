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
  /** How often each listener is subscribed: a derived store passes its own on to each of its sources, which may share one. */
  const listeners = new Map<() => void, number>();

  const set = (next: State) => {
    if (Object.is(next, state)) return;
    state = next;
    for (const listener of [...listeners.keys()]) listener();
  };
  const subscribe = (listener: () => void) => {
    const isFirst = listeners.size === 0;
    listeners.set(listener, (listeners.get(listener) ?? 0) + 1);
    if (isFirst) deactivate = activate?.();
    let isSubscribed = true;
    return () => {
      if (!isSubscribed) return;
      isSubscribed = false;
      const left = (listeners.get(listener) ?? 1) - 1;
      if (left > 0) listeners.set(listener, left);
      else if (listeners.delete(listener) && listeners.size === 0) deactivate?.();
    };
  };
  return { get: () => state, initial: () => initial, set, update: change => set(change(state)), subscribe };
}
