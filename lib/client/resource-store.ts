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
}

/**
 * Data from the server, read when it is first shown and again whenever the server reports one of
 * `changes` or `watch` calls back. If two answers cross, the one that was requested last wins.
 */
export function createResource<E extends JsonEndpoint>(
  endpoint: E,
  input: () => ApiInput<E>,
  changes: readonly ChangeKind[],
  watch: (changed: () => void) => () => void = () => () => {},
): Resource<ParsedReply<E>> {
  let newest = 0;
  const refresh = async () => {
    const request = ++newest;
    const state = await readResource(endpoint, input());
    if (request === newest) store.set(state);
  };
  const store = createStore<ResourceState<ParsedReply<E>>>({ data: null, error: null }, () => {
    void refresh();
    const endings = [watchChanges(changes, () => void refresh()), watch(() => void refresh())];
    return () => {
      for (const end of endings) end();
    };
  });
  return { ...store, refresh };
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
