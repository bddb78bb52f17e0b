import * as z from "zod/mini";
import { chatRows } from "./chat-settings";
import type { Settings } from "./settings";

/*
 * A sampling setting is also a value of one chat, a parameter of OpenAI's API and a part of the request to the engine. All of
 * these are derived here from its row in the settings table.
 */

type ChatRows = typeof chatRows;
type ChatKey = keyof ChatRows;
type NamesOf<Key extends ChatKey> = NonNullable<ChatRows[Key]["sampling"]>;

export type SamplingKey = { [Key in ChatKey]: NamesOf<Key> extends never ? never : Key }[ChatKey];

const isSamplingKey = (key: ChatKey): key is SamplingKey => chatRows[key].sampling !== undefined;
export const samplingKeys: readonly SamplingKey[] = (Object.keys(chatRows) as ChatKey[]).filter(isSamplingKey);

/** The row's own types under its other names. The compiler cannot derive these types from the loops below. */
type SamplingShape = { [Key in SamplingKey as NamesOf<Key>["name"]]: ChatRows[Key]["schema"] };
type OpenAiShape = {
  [Key in SamplingKey as NamesOf<Key>["openAi"]]: z.ZodMiniOptional<z.ZodMiniNullable<ChatRows[Key]["schema"]>>;
};
export type SamplingName = keyof SamplingShape;

export const nameOf = (key: SamplingKey): SamplingName => chatRows[key].sampling?.name as SamplingName;

const samplingShape = Object.fromEntries(
  samplingKeys.map(key => [nameOf(key), chatRows[key].schema]),
) as unknown as SamplingShape;

/** The parameters by OpenAI's names. Parameters that OpenAI lacks have the names that other local engines use. */
export const openAiSamplingShape = Object.fromEntries(
  samplingKeys.map(key => [chatRows[key].sampling?.openAi, z.nullish(chatRows[key].schema)]),
) as unknown as OpenAiShape;

/** All values. SEED -1 takes a new seed each time. MAX_TOKENS 0 lets a reply fill the rest of the context. */
export const samplingValuesSchema = z.object(samplingShape);
export type SamplingValues = z.infer<typeof samplingValuesSchema>;

/** Values of one chat or request. Missing values come from the settings. */
export const samplingOverridesShape = z.partial(z.strictObject(samplingShape)).shape;

/** The given values, completed with the settings' values. */
export const samplingWith = (
  own: { readonly [Name in SamplingName]?: SamplingValues[Name] | undefined },
  settings: Pick<Settings, SamplingKey>,
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
      const value = request[chatRows[key].sampling?.openAi as keyof OpenAiShape];
      return value == null ? [] : [[nameOf(key), value]];
    }),
  );

/** All values by OpenAI's names: the shape, and the values themselves. */
export const namedSamplingShape = Object.fromEntries(
  samplingKeys.map(key => [chatRows[key].sampling?.openAi, chatRows[key].schema]),
) as unknown as { [Key in SamplingKey as NamesOf<Key>["openAi"]]: ChatRows[Key]["schema"] };
export const namedSampling = (values: SamplingValues) =>
  Object.fromEntries(
    samplingKeys.map(key => [chatRows[key].sampling?.openAi, values[nameOf(key)]]),
  ) as unknown as z.infer<z.ZodMiniObject<typeof namedSamplingShape>>;

/** Greedy, so that the result is always the same: for measurements and for text that must not vary. */
export const greedySampling = samplingValuesSchema.parse({
  ...Object.fromEntries(samplingKeys.map(key => [nameOf(key), chatRows[key].default])),
  temperature: 0,
  seed: 1,
});
