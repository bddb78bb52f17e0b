import { draftSettings, useSettings } from "@/lib/client/planning/settings-store";
import { defaultSettings, type SettingKey, type Settings, type SettingsPatch } from "@/lib/schema/settings/settings";

/** One setting of the draft, and a function to change it. */
export function useSetting<Key extends SettingKey>(
  key: Key,
): readonly [value: Settings[Key], set: (value: Settings[Key]) => void] {
  const value = useSettings(state => (state.draft ?? defaultSettings)[key]);
  const set = (next: Settings[Key]) => draftSettings({ [key]: next } as SettingsPatch);
  return [value, set];
}
