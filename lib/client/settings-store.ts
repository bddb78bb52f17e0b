import { z } from "zod";
import type { ErrorBody } from "@/lib/schema/api-error";
import { type Settings, type SettingsPatch, settingKeys, settingsSchema } from "@/lib/schema/settings";
import { apiRequest, errorBody } from "./api-request";
import { watchChanges } from "./live-store";
import { createStore } from "./store";
import { useStore } from "./use-store";

export interface SettingsState {
  /** As the server has them; null until they were read. */
  readonly saved: Settings | null;
  /** What was moved and not applied yet; only keys that differ from `saved`. */
  readonly patch: SettingsPatch;
  /** `saved` with `patch` over it: what every view is drawn from. */
  readonly draft: Settings | null;
  readonly applying: boolean;
  readonly error: ErrorBody | null;
}

const initialState: SettingsState = { saved: null, patch: {}, draft: null, applying: false, error: null };

const responseSchema = z.object({ settings: settingsSchema });

const isSame = (left: unknown, right: unknown): boolean =>
  Object.is(left, right) || (Array.isArray(left) && JSON.stringify(left) === JSON.stringify(right));

/** The part of `patch` that would change `saved`. */
export function pendingPatch(saved: Settings, patch: SettingsPatch): Partial<Settings> {
  const pending = settingKeys.filter(key => patch[key] !== undefined && !isSame(patch[key], saved[key]));
  return Object.fromEntries(pending.map(key => [key, patch[key]])) as Partial<Settings>;
}

/** The values that `saved` has for the keys of `patch`: applying them takes the patch back. */
export function inversePatch(saved: Settings, patch: SettingsPatch): SettingsPatch {
  return Object.fromEntries(settingKeys.filter(key => key in patch).map(key => [key, saved[key]]));
}

function withPatch(state: SettingsState, saved: Settings, patch: SettingsPatch): SettingsState {
  const pending = pendingPatch(saved, patch);
  return { ...state, saved, patch: pending, draft: { ...saved, ...pending }, error: null };
}

async function readSettings(): Promise<void> {
  try {
    const { settings } = await apiRequest({ path: "/api/settings", schema: responseSchema });
    settingsStore.update(state => withPatch(state, settings, state.patch));
  } catch (error) {
    settingsStore.update(state => ({ ...state, error: errorBody(error) }));
  }
}

function follow(): () => void {
  void readSettings();
  return watchChanges(["settings"], () => void readSettings());
}

export const settingsStore = createStore<SettingsState>(initialState, follow);

/** Moves the draft; nothing is sent. */
export const draftSettings = (change: SettingsPatch): void =>
  settingsStore.update(state =>
    state.saved === null ? state : withPatch(state, state.saved, { ...state.patch, ...change }),
  );

export const resetDraft = (): void => settingsStore.update(state => ({ ...state, patch: {}, draft: state.saved }));

export const retrySettings = (): void => void readSettings();

/**
 * Sends a change to the server, which reloads what has to be reloaded.
 *
 * @returns the change that would take it back.
 * @throws ApiError as the server gave it; the draft stays as it was.
 */
export async function applySettings(patch: SettingsPatch): Promise<SettingsPatch> {
  const { saved } = settingsStore.get();
  settingsStore.update(state => ({ ...state, applying: true }));
  try {
    const { settings } = await apiRequest({
      path: "/api/settings",
      method: "PATCH",
      body: patch,
      schema: responseSchema,
    });
    settingsStore.update(state => withPatch(state, settings, state.patch));
    return saved === null ? {} : inversePatch(saved, patch);
  } finally {
    settingsStore.update(state => ({ ...state, applying: false }));
  }
}

export const useSettings = <Slice>(select: (state: SettingsState) => Slice): Slice => useStore(settingsStore, select);
export const useDraft = (): Settings | null => useSettings(state => state.draft);
