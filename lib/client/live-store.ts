import { followEvents } from "@/lib/schema/api/engine";
import { type EngineSnapshot, type LiveEvent, liveEventSchema, type Telemetry } from "@/lib/schema/live-events";
import type { Download } from "@/lib/schema/models/download";
import { apiAddress } from "./api-request";
import { createStore } from "./store";
import { useStore } from "./use-store";

/** At one reading a second: the last three minutes. */
export const HISTORY_LENGTH = 180;
const LOG_LENGTH = 500;
/** EventSource reconnects by itself unless the server refused; then we try again after this long. */
const RETRY_MS = 3000;

export type ChangeKind = Extract<LiveEvent, { type: "changed" }>["what"];
export type ShownLogLine = Omit<Extract<LiveEvent, { type: "log" }>, "type">;

export interface LiveState {
  /** `paused`: the tab is hidden, so nothing is read. */
  readonly connection: "connecting" | "open" | "lost" | "paused";
  readonly telemetry: Telemetry | null;
  readonly history: readonly Telemetry[];
  readonly engine: EngineSnapshot | null;
  readonly log: readonly ShownLogLine[];
  readonly downloads: readonly Download[];
  /** Counts up when something was changed elsewhere. After a lost connection all of them count up. */
  readonly changes: Readonly<Record<ChangeKind, number>>;
}

const initialState: LiveState = {
  connection: "connecting",
  telemetry: null,
  history: [],
  engine: null,
  log: [],
  downloads: [],
  changes: { settings: 0, surface: 0, receipts: 0, chats: 0, models: 0, engines: 0 },
};

/** The state after one event; pure. */
export function applyLiveEvent(state: LiveState, event: LiveEvent): LiveState {
  switch (event.type) {
    case "telemetry":
      return {
        ...state,
        telemetry: event.telemetry,
        history: [...state.history.slice(1 - HISTORY_LENGTH), event.telemetry],
      };
    case "engine":
      return { ...state, engine: event.engine };
    case "log": {
      const { level, text, atMs } = event;
      return { ...state, log: [...state.log.slice(1 - LOG_LENGTH), { level, text, atMs }] };
    }
    case "downloads":
      return { ...state, downloads: event.downloads };
    case "changed":
      return { ...state, changes: { ...state.changes, [event.what]: state.changes[event.what] + 1 } };
  }
}

const everythingChanged = (changes: LiveState["changes"]): LiveState["changes"] => ({
  settings: changes.settings + 1,
  surface: changes.surface + 1,
  receipts: changes.receipts + 1,
  chats: changes.chats + 1,
  models: changes.models + 1,
  engines: changes.engines + 1,
});

/** Opens this tab's only EventSource while the page is visible. The returned function closes it. */
function follow(): () => void {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let wasLost = false;

  const receive = (message: MessageEvent<string>) => {
    const event = liveEventSchema.safeParse(JSON.parse(message.data));
    if (event.success) liveStore.update(state => applyLiveEvent(state, event.data));
  };
  const opened = () => {
    liveStore.update(state => ({
      ...state,
      connection: "open",
      changes: wasLost ? everythingChanged(state.changes) : state.changes,
    }));
    wasLost = false;
  };
  const failed = () => {
    wasLost = true;
    liveStore.update(state => ({ ...state, connection: "lost" }));
    if (source?.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
  };
  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    source = new EventSource(apiAddress(followEvents, {}));
    source.onopen = opened;
    source.onerror = failed;
    for (const { shape } of liveEventSchema.def.options)
      for (const type of shape.type.def.values) source.addEventListener(type, receive);
  };
  const visibilityChanged = () => {
    if (!document.hidden) return open();
    close();
    wasLost = true;
    liveStore.update(state => ({ ...state, connection: "paused" }));
  };

  document.addEventListener("visibilitychange", visibilityChanged);
  if (!document.hidden) open();
  return () => {
    document.removeEventListener("visibilitychange", visibilityChanged);
    close();
  };
}

/** Everything that the server sends unasked. It is connected while something subscribes. */
export const liveStore = createStore<LiveState>(initialState, follow);

/** Calls back when the server reports a change of one of these. */
export function watchChanges(kinds: readonly ChangeKind[], changed: () => void): () => void {
  const version = () => kinds.reduce((sum, kind) => sum + liveStore.get().changes[kind], 0);
  let seen = version();
  return liveStore.subscribe(() => {
    if (version() === seen) return;
    seen = version();
    changed();
  });
}

export const useLive = <Slice>(select: (state: LiveState) => Slice): Slice => useStore(liveStore, select);
export const useEngine = (): EngineSnapshot | null => useLive(state => state.engine);
