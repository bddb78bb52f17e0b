import type { ErrorBody } from "@/lib/schema/api-error";
import type { ParsedReply } from "@/lib/schema/endpoint";
import { type ApiInput, apiRequest, errorBody, type JsonEndpoint } from "./api-request";
import { type ChangeKind, watchChanges } from "./live-store";
import { createStore, type Store } from "./store";

export interface ResourceState<Data> {
  readonly data: Data | null;
  /** Why there is no data, or no newer data. */
  readonly error: ErrorBody | null;
}

interface Resource<Data> extends Store<ResourceState<Data>> {
  /** Reads it again now. */
  readonly refresh: () => Promise<void>;
  /** What the server has answered to a command takes the place of what was read, and of an answer that is still on its way. */
  readonly take: (data: Data) => void;
}

/**
 * Data from the server, read when it is first shown and again whenever the server reports one of
 * `changes` or `watch` calls back. If two answers cross, the one that was requested last wins.
 *
 * @param againMs how soon it is read again by itself while it is shown; null: not for this answer
 */
export function createResource<E extends JsonEndpoint>(
  endpoint: E,
  input: () => ApiInput<E>,
  changes: readonly ChangeKind[],
  watch: (changed: () => void) => () => void = () => () => {},
  againMs: (state: ResourceState<ParsedReply<E>>) => number | null = () => null,
): Resource<ParsedReply<E>> {
  let newest = 0;
  let isShown = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (state: ResourceState<ParsedReply<E>>) => {
    clearTimeout(timer);
    store.set(state);
    const waitMs = isShown ? againMs(state) : null;
    if (waitMs !== null) timer = setTimeout(refresh, waitMs);
  };
  const refresh = async () => {
    clearTimeout(timer);
    const request = ++newest;
    const state = await readResource(endpoint, input());
    if (request === newest) show(state);
  };
  const take = (data: ParsedReply<E>) => {
    newest += 1;
    show({ data, error: null });
  };
  const store = createStore<ResourceState<ParsedReply<E>>>({ data: null, error: null }, () => {
    isShown = true;
    void refresh();
    const endings = [watchChanges(changes, () => void refresh()), watch(() => void refresh())];
    return () => {
      isShown = false;
      clearTimeout(timer);
      for (const end of endings) end();
    };
  });
  return { ...store, refresh, take };
}

async function readResource<E extends JsonEndpoint>(
  endpoint: E,
  input: ApiInput<E>,
): Promise<ResourceState<ParsedReply<E>>> {
  try {
    return { data: await apiRequest(endpoint, input), error: null };
  } catch (error) {
    return { data: null, error: errorBody(error) };
  }
}
