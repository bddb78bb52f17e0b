import { useSyncExternalStore } from "react";
import type { Store } from "./store";

/** Renders again only when the selected slice changes; `select` must return the same object for the same state. */
export function useStore<State, Slice>(
  store: Pick<Store<State>, "get" | "initial" | "subscribe">,
  select: (state: State) => Slice,
): Slice {
  return useSyncExternalStore(
    store.subscribe,
    () => select(store.get()),
    () => select(store.initial()),
  );
}
