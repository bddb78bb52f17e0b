import type { ChatCompletionRequest, CompletionSampling } from "@/lib/schema/clients/openai";
import type { Sampling } from "@/lib/schema/engine-commands";
import { type SamplingValues, samplingByOpenAiNames, samplingWith } from "@/lib/schema/settings/sampling";
import type { Settings } from "@/lib/schema/settings/settings";
import { refuseInput } from "./refuse-input";

const UINT32 = 2 ** 32;

type ChatOnly = Partial<Pick<ChatCompletionRequest, "max_completion_tokens">>;

/** The request's values; where it has none, those of the settings. */
export function openAiSampling(request: CompletionSampling & ChatOnly, settings: Settings): Sampling {
  const { stop, seed, top_k: topK } = request;
  const maxTokens = request.max_completion_tokens ?? request.max_tokens ?? request.n_predict;
  const repeatPenalty = request.repeat_penalty ?? request.repetition_penalty;
  const own = {
    ...samplingByOpenAiNames(request),
    // Clients send an empty text for no stop string, and -1 for no limit.
    ...(stop != null && { stop: [stop].flat().filter(text => text !== "") }),
    ...(seed != null && { seed: seed < 0 ? -1 : seed % UINT32 }),
    ...(maxTokens != null && { maxTokens: Math.max(0, maxTokens) }),
    ...(repeatPenalty != null && { repeatPenalty }),
    ...(topK != null && { topK: Math.max(0, topK) }),
  };
  const logitBias = logitBiasOf(request.logit_bias);
  return {
    ...samplingWith(own as Partial<SamplingValues>, settings),
    ...(logitBias.length > 0 && { logitBias }),
    ...outputOf(request),
  };
}

/** A key is a token's number, or a text for all of its tokens. */
function logitBiasOf(given: CompletionSampling["logit_bias"]): NonNullable<Sampling["logitBias"]> {
  const pairs = Array.isArray(given) ? given : Object.entries(given ?? {});
  return pairs.map(([key, bias]) => ({
    token: typeof key === "string" && /^\d+$/.test(key) ? Number(key) : key,
    bias: bias === false ? null : bias,
  }));
}

/** @throws RequestError when there are several */
function outputOf({ response_format: format, grammar, json_schema: schema }: CompletionSampling) {
  const forms = [
    ...(format == null || format.type === "text"
      ? []
      : [["response_format", { jsonSchema: schemaOf(format) }] as const]),
    ...(schema == null ? [] : [["json_schema", { jsonSchema: schema }] as const]),
    ...(grammar == null || grammar === "" ? [] : [["grammar", { grammar }] as const]),
  ];
  if (forms.length > 1) refuseInput(`Only one of ${forms.map(([name]) => name).join(" and ")} can shape the answer.`);
  return forms[0]?.[1] ?? {};
}

type JsonFormat = Exclude<NonNullable<ChatCompletionRequest["response_format"]>, { type: "text" }>;

const schemaOf = (format: JsonFormat): unknown =>
  format.type === "json_schema"
    ? format.json_schema.schema
    : (format.schema ?? { type: "object", additionalProperties: true });
