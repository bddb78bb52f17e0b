import type { EngineKind } from "@/lib/schema/engines/answering-engine";
import type { EngineFound, EngineModel } from "@/lib/schema/engines/other-engine";
import { formatTokens } from "@/lib/units/tokens";

export const kindWords: Readonly<Record<EngineKind, string>> = {
  "llama-server": "llama.cpp's server",
  vllm: "vLLM",
  sglang: "SGLang",
  ollama: "Ollama",
  "lm-studio": "LM Studio",
  other: "OpenAI's API",
};

/** "32,768 tokens of context, reads pictures"; for a server that does not say its context, what the user gave. */
export function modelWords({ contextTokens, takesPictures }: EngineModel, givenTokens: number | null): string {
  const tokens = contextTokens ?? givenTokens;
  const context = tokens === null ? "context size not known" : `${formatTokens(tokens)} tokens of context`;
  return takesPictures ? `${context}, reads pictures` : context;
}

/** "Found vLLM with 2 models: a, b." */
export function foundWords({ kind, models }: EngineFound): string {
  if (models.length === 0) return `Found ${kindWords[kind]}, without a model that can chat.`;
  const names = models.slice(0, 4).map(({ id }) => id);
  const more = models.length > 4 ? ` and ${models.length - 4} more` : "";
  return `Found ${kindWords[kind]} with ${models.length === 1 ? "one model" : `${models.length} models`}: ${names.join(", ")}${more}.`;
}

/** Whether the user has to say how much context there is. */
export const isContextUnknown = ({ models }: EngineFound): boolean =>
  models.some(({ contextTokens }) => contextTokens === null);
