import { useCallback, useEffect, useState } from "react";
import { readPicks } from "@/lib/schema/api/models";
import type { ErrorBody } from "@/lib/schema/api-error";
import type { ModelPicks } from "@/lib/schema/models/model-picks";
import { type ApiInput, apiRequest, errorBody } from "../api-request";
import { watchChanges } from "../live-store";

type PicksQuery = ApiInput<typeof readPicks>["query"];

interface PicksState {
  readonly data: ModelPicks | null;
  readonly error: ErrorBody | null;
  /** The hub is being asked. */
  readonly isChecking: boolean;
  /** Reads the headers of the shown picks from the hub. */
  readonly check: () => void;
  readonly retry: () => void;
}

/** Once they were checked, every screen shows them checked, until the page is loaded again. */
let isCheckWanted = false;

/**
 * The picks for what is asked. Only `check` makes the server ask the hub.
 *
 * @param isSteady leaves them as they are when the settings change, which loading one of them does too
 */
export function usePicks(query: PicksQuery, isSteady = false): PicksState {
  const [data, setData] = useState<ModelPicks | null>(null);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isChecking, setChecking] = useState(false);
  const asked = JSON.stringify(query);
  const read = useCallback(
    async (signal?: AbortSignal, hub?: "check") => {
      try {
        const answer = await apiRequest(readPicks, {
          query: { ...JSON.parse(asked), ...(hub && { hub }) },
          ...(signal && { signal }),
        });
        if (signal?.aborted) return;
        setData(answer);
        setError(null);
      } catch (failure) {
        if (!signal?.aborted) setError(errorBody(failure));
      }
    },
    [asked],
  );
  useEffect(() => {
    const leaving = new AbortController();
    const readAgain = () => void read(leaving.signal, isCheckWanted ? "check" : undefined);
    readAgain();
    const end = watchChanges(isSteady ? [] : ["settings"], readAgain);
    return () => {
      leaving.abort();
      end();
    };
  }, [read, isSteady]);
  const check = async () => {
    isCheckWanted = true;
    setChecking(true);
    await read(undefined, "check");
    setChecking(false);
  };
  return { data, error, isChecking, check: () => void check(), retry: () => void read() };
}
