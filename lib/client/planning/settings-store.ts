import * as api from "@/lib/schema/api/settings";
import type { ErrorBody } from "@/lib/schema/api-error";
import { type SettingKey, type Settings, type SettingsPatch, settingKeys } from "@/lib/schema/settings/settings";
import type { AppliedSettings, SavedSettings, SettingsScope } from "@/lib/schema/settings/settings-answer";
import { apiRequest, errorBody } from "../api-request";
import { watchChanges } from "../live-store";
import { createStore } from "../store";
import { useStore } from "../use-store";
import { plannedModelStore, usePlannedModel } from "./planned-model";

export interface SettingsState {
  /** The server's values for the planned model; null until they were read. */
  readonly saved: Settings | null;
  /** Changed and not applied yet. It holds only keys that differ from `saved`. */
  readonly patch: SettingsPatch;
  /** `saved` with `patch` over it: the values that every view shows. */
  readonly draft: Settings | null;
  /** Values that only this model has. */
  readonly overrides: SettingsPatch;
  /** What a person should know about modelconf.json; null when all is well. */
  readonly notice: string | null;
  readonly applying: boolean;
  readonly error: ErrorBody | null;
}

const initialState: SettingsState = {
  saved: null,
  patch: {},
  draft: null,
  overrides: {},
  notice: null,
  applying: false,
  error: null,
};

const isSame = (left: unknown, right: unknown): boolean =>
  Object.is(left, right) || (Array.isArray(left) && JSON.stringify(left) === JSON.stringify(right));

/** The part of `patch` that would change `saved`. */
export function pendingPatch(saved: Settings, patch: SettingsPatch): Partial<Settings> {
  const pending = settingKeys.filter(key => patch[key] !== undefined && !isSame(patch[key], saved[key]));
  return Object.fromEntries(pending.map(key => [key, patch[key]])) as Partial<Settings>;
}

/** The values that `saved` has for the keys of `patch`: applying them undoes the patch. */
export function inversePatch(saved: Settings, patch: SettingsPatch): SettingsPatch {
  return Object.fromEntries(settingKeys.filter(key => key in patch).map(key => [key, saved[key]]));
}

function withPatch(state: SettingsState, saved: Settings, patch: SettingsPatch): SettingsState {
  const pending = pendingPatch(saved, patch);
  return { ...state, saved, patch: pending, draft: { ...saved, ...pending }, error: null };
}

function take({ settings, overrides, notice }: SavedSettings): void {
  settingsStore.update(state => ({ ...withPatch(state, settings, state.patch), overrides, notice }));
}

/** A model can have its own settings. The page plans a model with those, as it would be loaded. */
async function readSettings(): Promise<void> {
  const { source } = plannedModelStore.get();
  const isCurrent = () => plannedModelStore.get().source === source;
  try {
    const saved = await apiRequest(api.readSettings, { query: { MODEL: source ?? undefined } });
    if (isCurrent()) take(saved);
  } catch (error) {
    if (isCurrent()) settingsStore.update(state => ({ ...state, error: errorBody(error) }));
  }
}

function follow(): () => void {
  void readSettings();
  const endings = [
    watchChanges(["settings"], () => void readSettings()),
    plannedModelStore.subscribe(() => void readSettings()),
  ];
  return () => {
    for (const end of endings) end();
  };
}

export const settingsStore = createStore<SettingsState>(initialState, follow);

/** Changes the draft; nothing is sent. */
export const draftSettings = (change: SettingsPatch): void =>
  settingsStore.update(state =>
    state.saved === null ? state : withPatch(state, state.saved, { ...state.patch, ...change }),
  );

export const resetDraft = (): void => settingsStore.update(state => ({ ...state, patch: {}, draft: state.saved }));

export const retrySettings = (): void => void readSettings();

export interface Applied extends AppliedSettings {
  /** The change that undoes it. */
  readonly undo: SettingsPatch;
}

/**
 * Sends a change to the server and waits until everything that must reload has reloaded.
 *
 * @param isMeant loads it although system memory does not hold it
 * @throws ApiError when it was refused; then the draft is unchanged.
 */
export function applySettings(patch: SettingsPatch, scope: SettingsScope = "all", isMeant = false): Promise<Applied> {
  const query = { scope, ...(isMeant && { meant: "true" as const }) };
  return send(() => apiRequest(api.patchSettings, { query, body: patch }), patch);
}

/** Removes the chosen model's own values, or one of them, so that the general settings apply. */
export function dropOwnSettings(key?: SettingKey): Promise<Applied> {
  const { overrides } = settingsStore.get();
  const dropped = key === undefined ? overrides : { [key]: overrides[key] };
  return send(() => apiRequest(api.dropOverrides, { query: { key } }), dropped);
}

async function send(request: () => Promise<AppliedSettings>, changed: SettingsPatch): Promise<Applied> {
  const { saved } = settingsStore.get();
  settingsStore.update(state => ({ ...state, applying: true }));
  try {
    const applied = await request();
    take(applied);
    return { ...applied, undo: saved === null ? {} : inversePatch(saved, changed) };
  } finally {
    settingsStore.update(state => ({ ...state, applying: false }));
  }
}

export const useSettings = <Slice>(select: (state: SettingsState) => Slice): Slice => useStore(settingsStore, select);

/** The planned model, if it is not the chosen one. */
export function useAnotherModel(): string | null {
  const source = usePlannedModel();
  const chosen = useSettings(state => state.saved?.MODEL ?? null);
  return source === chosen ? null : source;
}
