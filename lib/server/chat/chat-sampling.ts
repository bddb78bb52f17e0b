import type { Chat } from "@/lib/schema/chat";
import type { Settings } from "@/lib/schema/settings";

export interface ChatSampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repeatPenalty: number;
  /** null: a new one for each answer. */
  readonly seed: number | null;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly jsonSchema?: string;
  readonly grammar?: string;
}

/** The chat's own values, and the settings' where it has none. */
export function samplingFor({ sampling }: Pick<Chat, "sampling">, settings: Settings): ChatSampling {
  const seed = sampling.seed ?? settings.SEED;
  return {
    temperature: sampling.temperature ?? settings.TEMPERATURE,
    topK: sampling.topK ?? settings.TOP_K,
    topP: sampling.topP ?? settings.TOP_P,
    minP: sampling.minP ?? settings.MIN_P,
    repeatPenalty: sampling.repeatPenalty ?? settings.REPEAT_PENALTY,
    seed: seed < 0 ? null : seed,
    maxTokens: sampling.maxTokens ?? settings.MAX_TOKENS,
    stop: sampling.stop ?? settings.STOP,
    ...(sampling.jsonSchema !== undefined && { jsonSchema: sampling.jsonSchema }),
    ...(sampling.grammar !== undefined && { grammar: sampling.grammar }),
  };
}
