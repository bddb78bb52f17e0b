import { followComparison, startComparison, stopComparison } from "@/lib/schema/api/comparison";
import type { ErrorBody } from "@/lib/schema/api-error";
import {
  type Comparison,
  type ComparisonEvent,
  type ComparisonRequest,
  comparisonEventSchema,
} from "@/lib/schema/comparison";
import { readEvents } from "@/lib/schema/read-events";
import { apiRequest, apiResponse, errorBody } from "../api-request";
import { createStore } from "../store";
import { useStore } from "../use-store";

/** After a lost connection. */
const RETRY_MS = 1000;

interface ComparisonState {
  /** The one that runs, or the last one. */
  readonly comparison: Comparison | null;
  /** A press has no answer yet: a load in progress comes first. */
  readonly isSending: boolean;
  /** Why the last press did nothing. */
  readonly refusal: ErrorBody | null;
  /** Why it cannot be followed now; it is tried again. */
  readonly lost: ErrorBody | null;
}

/** The comparison after one event; pure. */
export function withComparisonEvent(comparison: Comparison | null, event: ComparisonEvent): Comparison | null {
  switch (event.kind) {
    case "comparison":
      return event.comparison;
    case "words": {
      if (comparison === null) return null;
      const key = event.isThought ? "thought" : "text";
      const columns = comparison.columns.map((column, index) =>
        index === event.column ? { ...column, [key]: column[key] + event.text } : column,
      );
      return { ...comparison, columns };
    }
  }
}

export const isRunning = (comparison: Comparison | null): boolean => comparison !== null && comparison.phase !== "over";

let newest: Comparison | null = null;
let frame: number | null = null;
let leave = (): void => {};

function show(): void {
  if (frame !== null) cancelAnimationFrame(frame);
  frame = null;
  comparisonStore.update(state => ({ ...state, comparison: newest }));
}

/** All words within a frame are shown at once. A hidden tab has no frames and needs none. */
function take(event: ComparisonEvent): void {
  newest = withComparisonEvent(newest, event);
  if (event.kind === "comparison") show();
  else frame ??= requestAnimationFrame(show);
}

/** Follows the server's comparison until it is over; a lost connection is taken up again. */
async function read(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { body } = await apiResponse(followComparison, { signal });
      comparisonStore.update(state => ({ ...state, lost: null }));
      for await (const data of body === null ? [] : readEvents(body)) {
        const event = comparisonEventSchema.safeParse(JSON.parse(data));
        if (event.success && !signal.aborted) take(event.data);
      }
      if (!isRunning(newest)) return;
    } catch (error) {
      if (signal.aborted) return;
      comparisonStore.update(state => ({ ...state, lost: errorBody(error) }));
    }
    await new Promise(resolve => setTimeout(resolve, RETRY_MS));
  }
}

function follow(): () => void {
  leave();
  const gone = new AbortController();
  leave = () => gone.abort();
  void read(gone.signal);
  return () => leave();
}

/** The comparison belongs to the server: it goes on there when the page closes. */
const comparisonStore = createStore<ComparisonState>(
  { comparison: null, isSending: false, refusal: null, lost: null },
  follow,
);

export const useComparison = (): ComparisonState => useStore(comparisonStore, state => state);

async function command(send: () => Promise<unknown>): Promise<void> {
  comparisonStore.update(state => ({ ...state, isSending: true, refusal: null }));
  try {
    await send();
  } catch (error) {
    comparisonStore.update(state => ({ ...state, refusal: errorBody(error) }));
  }
  comparisonStore.update(state => ({ ...state, isSending: false }));
  // Also after a refusal: another tab may have begun one.
  follow();
}

/** Asks all of them. The store shows a refusal. */
export const askModels = (request: ComparisonRequest): Promise<void> =>
  command(() => apiRequest(startComparison, { body: request }));

export const stopAsking = (): Promise<void> => command(() => apiRequest(stopComparison, {}));
