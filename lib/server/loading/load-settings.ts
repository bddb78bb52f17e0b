import { isDeepStrictEqual } from "node:util";
import {
  type SettingKey,
  type Settings,
  type SettingsPatch,
  settingKeys,
  settingRows,
} from "@/lib/schema/settings/settings";

/** The settings that a load depends on; the others (sampling, system prompt) never touch the engine's memory. */
const loadKeys: readonly SettingKey[] = settingKeys.filter(key => settingRows[key].cost !== "nothing");

/** Without speculation no draft model is loaded, and with "auto" only one that helps. */
const drafts = ({ DRAFT_MODEL, SPECULATION }: Settings): Settings["SPECULATION"] =>
  DRAFT_MODEL === "" ? "off" : SPECULATION;

export const sameLoad = (one: Settings, other: Settings): boolean =>
  loadKeys.every(key => isDeepStrictEqual(one[key], other[key])) && drafts(one) === drafts(other);

/** `settings`, with every value that a load depends on taken from `from`. */
export const withLoadOf = (settings: Settings, from: SettingsPatch): Settings => ({
  ...settings,
  ...Object.fromEntries(loadKeys.flatMap(key => (from[key] === undefined ? [] : [[key, from[key]]]))),
});
