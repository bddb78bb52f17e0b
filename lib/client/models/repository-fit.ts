import { useEffect, useState } from "react";
import { readRepositoryFit } from "@/lib/schema/api/models";
import type { ErrorBody } from "@/lib/schema/api-error";
import { type FitEvent, type FitFile, fitEventSchema } from "@/lib/schema/models/remote-models";
import { readEvents } from "@/lib/schema/read-events";
import { apiResponse, errorBody } from "../api-request";
import type { PlanningChoices } from "../planning/planning-choices";

type FitList = Extract<FitEvent, { kind: "list" }>;

export interface RepositoryFit {
  readonly list: FitList | null;
  readonly files: readonly FitFile[];
  /** Files that were read, or that failed. */
  readonly known: number;
  /** What the hub asked for: reading goes on after it. */
  readonly waiting: string | null;
  readonly problem: ErrorBody | null;
  readonly isDone: boolean;
  readonly readBytes: number;
}

const nothing: RepositoryFit = {
  list: null,
  files: [],
  known: 0,
  waiting: null,
  problem: null,
  isDone: false,
  readBytes: 0,
};

function withEvent(fit: RepositoryFit, event: FitEvent): RepositoryFit {
  switch (event.kind) {
    case "list":
      return { ...fit, list: event, files: event.files };
    case "file": {
      const files = fit.files.map(file => (file.source === event.file.source ? event.file : file));
      return { ...fit, files, known: fit.known + 1, waiting: null };
    }
    case "wait":
      return { ...fit, waiting: event.message };
    case "problem":
      return { ...fit, problem: event.problem };
    case "end":
      return { ...fit, isDone: true, readBytes: event.readBytes };
  }
}

interface FitWish {
  readonly repository: string;
  readonly choices: PlanningChoices;
  readonly most: number;
}

async function followFit(
  { repository, choices, most }: FitWish,
  onEvent: (event: FitEvent) => void,
  signal: AbortSignal,
) {
  const response = await apiResponse(readRepositoryFit, { query: { repository, most, ...choices }, signal });
  if (response.body === null) return;
  for await (const data of readEvents(response.body)) {
    const event = fitEventSchema.safeParse(JSON.parse(data));
    if (event.success) onEvent(event.data);
  }
}

/** How each file of a repository would run here. Files come one by one, and `again` asks for those that failed. */
export function useRepositoryFit(repository: string, choices: PlanningChoices, most: number) {
  const [fit, setFit] = useState(nothing);
  const [attempt, setAttempt] = useState(0);
  const { N_CTX, KV_CACHE_QUANT, TARGET_VRAM_USAGE } = choices;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks the same again.
  useEffect(() => {
    const gone = new AbortController();
    // The rows of the last answer stay in sight until the first of the new one.
    let state = nothing;
    const onEvent = (event: FitEvent) => {
      state = withEvent(state, event);
      if (!gone.signal.aborted) setFit(state);
    };
    followFit({ repository, most, choices: { N_CTX, KV_CACHE_QUANT, TARGET_VRAM_USAGE } }, onEvent, gone.signal)
      .then(() => {
        if (!state.isDone && !gone.signal.aborted)
          setFit({ ...state, isDone: true, problem: state.problem ?? errorBody(new TypeError("The stream ended.")) });
      })
      .catch(error => {
        if (!gone.signal.aborted) setFit({ ...state, isDone: true, problem: errorBody(error) });
      });
    return () => gone.abort();
  }, [repository, most, N_CTX, KV_CACHE_QUANT, TARGET_VRAM_USAGE, attempt]);
  return { fit, again: () => setAttempt(count => count + 1) };
}
