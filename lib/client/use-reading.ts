import { useEffect, useMemo, useState } from "react";
import type { ParsedReply } from "@/lib/schema/endpoint";
import type { ApiInput, JsonEndpoint } from "./api-request";
import type { ChangeKind } from "./live-store";
import { createResource, type ResourceState } from "./resource-store";

interface Reading<Data> extends ResourceState<Data> {
  readonly refresh: () => Promise<void>;
}

/**
 * The answer to a request whose input changes while it is shown. The last answer stays until the next one is there.
 *
 * @param changes the same list in each render, as `againMs` is the same function; see `createResource`
 */
export function useReading<E extends JsonEndpoint>(
  endpoint: E,
  input: ApiInput<E>,
  changes: readonly ChangeKind[],
  againMs?: (state: ResourceState<ParsedReply<E>>) => number | null,
): Reading<ParsedReply<E>> {
  const [state, setState] = useState<ResourceState<ParsedReply<E>>>({ data: null, error: null });
  const asked = JSON.stringify(input);
  const resource = useMemo(
    () => createResource(endpoint, (): ApiInput<E> => JSON.parse(asked), changes, undefined, againMs),
    [endpoint, asked, changes, againMs],
  );
  useEffect(() => resource.subscribe(() => setState(resource.get())), [resource]);
  return { ...state, refresh: resource.refresh };
}
