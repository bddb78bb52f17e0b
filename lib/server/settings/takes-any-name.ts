import type { Settings } from "@/lib/schema/settings/settings";

/** Names that clients have in their code: OpenAI's and Anthropic's own, and words that stand for whatever there is. */
const HARD_CODED =
  /^(?:(?:gpt|chatgpt|codex|text-embedding|text-davinci|claude)(?:-.*)?|o[1-9](?:-.*)?|davinci.*|babbage.*|any|auto|default|headroom|llm|local|local-model|model|test)$/i;

/** Whether a name that is no model here means whatever model there is. */
export const takesAnyName = (asked: string, { API_ANY_NAME }: Pick<Settings, "API_ANY_NAME">): boolean =>
  API_ANY_NAME === "all" || (API_ANY_NAME === "known" && HARD_CODED.test(asked));
