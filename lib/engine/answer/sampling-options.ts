import { type LLamaChatPromptOptions, type LlamaModel, type Token, TokenBias } from "node-llama-cpp";
import type { Sampling } from "@/lib/schema/engine-commands";
import { samplingValuesSchema } from "@/lib/schema/settings/sampling";
import { JobError } from "../job-error";

/** How many past tokens the penalties consider: llama.cpp's own default. */
const PENALTY_LAST_TOKENS = 64;

/**
 * Sets every option, because node-llama-cpp's own defaults are greedy with a repeat penalty of 1.1 (trap 10).
 *
 * @throws JobError INVALID_INPUT for a bias on a token that the model does not have
 */
export function samplingOptions(sampling: Sampling, model: LlamaModel) {
  const tokenBias = biasOf(sampling, model);
  const { seed, stop, maxTokens, repeatPenalty, presencePenalty, frequencyPenalty, ...plain } =
    samplingValuesSchema.parse(sampling);
  return {
    ...(plain satisfies Pick<LLamaChatPromptOptions, keyof typeof plain>),
    seed: seed < 0 ? Math.floor(Math.random() * 0xffff_ffff) : seed,
    repeatPenalty: penaltyOf({ repeatPenalty, presencePenalty, frequencyPenalty }),
    customStopTriggers: stop,
    ...(tokenBias && { tokenBias }),
  };
}

function penaltyOf({
  repeatPenalty,
  presencePenalty,
  frequencyPenalty,
}: Pick<Sampling, "repeatPenalty" | "presencePenalty" | "frequencyPenalty">) {
  if (repeatPenalty === 1 && presencePenalty === 0 && frequencyPenalty === 0) return false as const;
  return {
    penalty: repeatPenalty,
    presencePenalty,
    frequencyPenalty,
    lastTokens: PENALTY_LAST_TOKENS,
    penalizeNewLine: false,
  };
}

function biasOf({ logitBias = [] }: Sampling, model: LlamaModel): TokenBias | undefined {
  if (logitBias.length === 0) return undefined;
  const bias = TokenBias.for(model);
  for (const { token, bias: logit } of logitBias)
    for (const known of tokensOf(token, model)) bias.set(known, logit === null ? "never" : { logit });
  return bias;
}

function tokensOf(token: number | string, model: LlamaModel): Token[] {
  if (typeof token === "string") return model.tokenize(token);
  const count = model.fileInfo.metadata.tokenizer?.ggml.tokens?.length ?? Number.POSITIVE_INFINITY;
  if (token >= 0 && token < count) return [token as Token];
  throw new JobError("INVALID_INPUT", `logit_bias: the model has no token ${token}; it has ${count}.`);
}
