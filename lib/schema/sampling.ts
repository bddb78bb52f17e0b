import * as z from "zod/mini";
import { defaultSettings, type SettingKey, type Settings, settingKeys, settingRows } from "./settings";

/*
 * A sampling setting is also a value of one chat, a parameter of OpenAI's API and a part of the request to the engine. All of
 * these are derived here from its row in the settings table.
 */

type SettingRows = typeof settingRows;
type NamesOf<Key extends SettingKey> = NonNullable<SettingRows[Key]["sampling"]>;

export type SamplingKey = { [Key in SettingKey]: NamesOf<Key> extends never ? never : Key }[SettingKey];

const isSamplingKey = (key: SettingKey): key is SamplingKey => settingRows[key].sampling !== undefined;
export const samplingKeys: readonly SamplingKey[] = settingKeys.filter(isSamplingKey);

/** The row's own types under its other names. The compiler cannot derive these types from the loops below. */
type SamplingShape = { [Key in SamplingKey as NamesOf<Key>["name"]]: SettingRows[Key]["schema"] };
type OpenAiShape = {
  [Key in SamplingKey as NamesOf<Key>["openAi"]]: z.ZodMiniOptional<z.ZodMiniNullable<SettingRows[Key]["schema"]>>;
};
export type SamplingName = keyof SamplingShape;

export const nameOf = (key: SamplingKey): SamplingName => settingRows[key].sampling?.name as SamplingName;

const samplingShape = Object.fromEntries(
  samplingKeys.map(key => [nameOf(key), settingRows[key].schema]),
) as unknown as SamplingShape;

/** The parameters by OpenAI's names. Parameters that OpenAI lacks have the names that other local engines use. */
export const openAiSamplingShape = Object.fromEntries(
  samplingKeys.map(key => [settingRows[key].sampling?.openAi, z.nullish(settingRows[key].schema)]),
) as unknown as OpenAiShape;

/** All values. SEED -1 takes a new seed each time. MAX_TOKENS 0 lets a reply fill the rest of the context. */
export const samplingValuesSchema = z.object(samplingShape);
export type SamplingValues = z.infer<typeof samplingValuesSchema>;

/** Values of one chat or request. Missing values come from the settings. */
export const samplingOverridesShape = z.partial(z.strictObject(samplingShape)).shape;

/** The given values, completed with the settings' values. */
export const samplingWith = (
  own: { readonly [Name in SamplingName]?: SamplingValues[Name] | undefined },
  settings: Settings,
): SamplingValues =>
  Object.fromEntries(
    samplingKeys.map(key => [nameOf(key), own[nameOf(key)] ?? settings[key]]),
  ) as unknown as SamplingValues;

/** The given values of a request, from OpenAI's names. */
export const samplingByOpenAiNames = (
  request: {
    readonly [Name in keyof OpenAiShape]?: unknown;
  },
): Partial<Record<SamplingName, unknown>> =>
  Object.fromEntries(
    samplingKeys.flatMap(key => {
      const value = request[settingRows[key].sampling?.openAi as keyof OpenAiShape];
      return value == null ? [] : [[nameOf(key), value]];
    }),
  );

/** Greedy, so that the result is always the same: for measurements and for text that must not vary. */
export const greedySampling: SamplingValues = { ...samplingWith({}, defaultSettings), temperature: 0, seed: 1 };
