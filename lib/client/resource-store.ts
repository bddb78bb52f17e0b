import type * as z from "zod/mini";
import type { ErrorBody } from "@/lib/schema/api-error";
import { apiRequest, errorBody } from "./api-request";
import { type ChangeKind, watchChanges } from "./live-store";
import { createStore, type Store } from "./store";

export interface ResourceState<Data> {
  readonly data: Data | null;
  /** Why there is no data, or no newer one. */
  readonly error: ErrorBody | null;
}

interface Resource<Data> extends Store<ResourceState<Data>> {
  /** Reads it again now. */
  readonly refresh: () => Promise<void>;
}

/**
 * Something that the server has, read when it is first looked at and again whenever the server says that one of
 * `changes` happened, or `watch` calls back. Of two answers that cross, the one asked for last wins.
 */
export function createResource<Schema extends z.ZodMiniType>(
  path: string | (() => string),
  schema: Schema,
  changes: readonly ChangeKind[],
  watch: (changed: () => void) => () => void = () => () => {},
): Resource<z.output<Schema>> {
  let newest = 0;
  const refresh = async () => {
    const request = ++newest;
    const state = await readResource(typeof path === "string" ? path : path(), schema);
    if (request === newest) store.set(state);
  };
  const store = createStore<ResourceState<z.output<Schema>>>({ data: null, error: null }, () => {
    void refresh();
    const endings = [watchChanges(changes, () => void refresh()), watch(() => void refresh())];
    return () => {
      for (const end of endings) end();
    };
  });
  return { ...store, refresh };
}

async function readResource<Schema extends z.ZodMiniType>(
  path: string,
  schema: Schema,
): Promise<ResourceState<z.output<Schema>>> {
  try {
    return { data: await apiRequest({ path, schema }), error: null };
  } catch (error) {
    return { data: null, error: errorBody(error) };
  }
}
