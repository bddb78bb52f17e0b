import type { Chat } from "@/lib/schema/chat";
import type { Sampling } from "@/lib/schema/engine-commands";
import { samplingWith } from "@/lib/schema/settings/sampling";
import type { Settings } from "@/lib/schema/settings/settings";

/** The chat's own values; where it has none, those of the settings. */
export function samplingFor({ sampling }: Pick<Chat, "sampling">, settings: Settings): Sampling {
  const { jsonSchema, grammar, ...own } = sampling;
  return {
    ...samplingWith(own, settings),
    ...(jsonSchema !== undefined && { jsonSchema: JSON.parse(jsonSchema) as unknown }),
    ...(grammar !== undefined && { grammar }),
  };
}
