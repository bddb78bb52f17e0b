import * as z from "zod/mini";
import { row, type SamplingNames, type SettingRow, wholeNumber } from "./setting-row";

/** llama.cpp holds the context size in 32 bits; 16 Mi tokens is above every model published and far below overflow. */
export const MAX_CONTEXT_TOKENS = 16_777_216;

/** A row that a chat and each request of the API may have their own value for. */
const sampler = <Schema extends z.ZodMiniType, const Names extends SamplingNames>(
  definition: Omit<SettingRow<Schema, Names>, "group" | "control" | "cost"> & { readonly control?: "list" },
): SettingRow<Schema, Names> => ({ group: "sampling", control: "number", cost: "nothing", ...definition });

/**
 * The part of the table of settings that a chat may have values of its own for: sampling and the system prompt. It stands apart because
 * the chat's page needs nothing else of the table.
 */
export const chatRows = {
  TEMPERATURE: sampler({
    schema: z.number().check(z.minimum(0), z.maximum(5)),
    default: 0.7,
    label: "Temperature",
    help: "0 always takes the likeliest token; higher is more varied.",
    sampling: { name: "temperature", openAi: "temperature" },
    range: { min: 0, max: 2, step: 0.05 },
  }),
  TOP_K: sampler({
    schema: wholeNumber(0, 1000),
    default: 40,
    label: "Top-k",
    help: "Keep only the k likeliest tokens; 0 keeps all.",
    sampling: { name: "topK", openAi: "top_k" },
    unit: "tokens",
    range: { min: 0, max: 200, step: 1 },
  }),
  TOP_P: sampler({
    schema: z.number().check(z.minimum(0), z.maximum(1)),
    default: 0.95,
    label: "Top-p",
    help: "Keep the likeliest tokens until their probabilities add up to p.",
    sampling: { name: "topP", openAi: "top_p" },
    range: { min: 0, max: 1, step: 0.01 },
  }),
  MIN_P: sampler({
    schema: z.number().check(z.minimum(0), z.maximum(1)),
    default: 0.05,
    label: "Min-p",
    help: "Drop tokens less likely than this share of the likeliest one.",
    sampling: { name: "minP", openAi: "min_p" },
    range: { min: 0, max: 1, step: 0.01 },
  }),
  REPEAT_PENALTY: sampler({
    schema: z.number().check(z.minimum(0.5), z.maximum(3)),
    default: 1,
    label: "Repeat penalty",
    help: "Above 1 makes tokens that were just used less likely; 1 is off.",
    sampling: { name: "repeatPenalty", openAi: "repeat_penalty" },
    range: { min: 1, max: 2, step: 0.01 },
  }),
  PRESENCE_PENALTY: sampler({
    schema: z.number().check(z.minimum(-2), z.maximum(2)),
    default: 0,
    label: "Presence penalty",
    help: "Above 0 makes tokens that were just used less likely, however often; 0 is off.",
    sampling: { name: "presencePenalty", openAi: "presence_penalty" },
    range: { min: -2, max: 2, step: 0.1 },
  }),
  FREQUENCY_PENALTY: sampler({
    schema: z.number().check(z.minimum(-2), z.maximum(2)),
    default: 0,
    label: "Frequency penalty",
    help: "Above 0 makes tokens less likely the more often they were just used; 0 is off.",
    sampling: { name: "frequencyPenalty", openAi: "frequency_penalty" },
    range: { min: -2, max: 2, step: 0.1 },
  }),
  SEED: sampler({
    schema: z.int().check(z.minimum(-1), z.maximum(0xffff_ffff)),
    default: -1,
    label: "Seed",
    help: "The same seed and settings give the same answer; -1 takes a new one each time.",
    sampling: { name: "seed", openAi: "seed" },
    range: { min: -1, max: 0xffff_ffff, step: 1 },
  }),
  MAX_TOKENS: sampler({
    schema: wholeNumber(0, MAX_CONTEXT_TOKENS),
    default: 0,
    label: "Longest reply",
    help: "Tokens after which a reply is cut; 0 lets it use what the context has left.",
    sampling: { name: "maxTokens", openAi: "max_tokens" },
    unit: "tokens",
    range: { min: 0, max: 8192, step: 64 },
  }),
  STOP: sampler({
    schema: z.array(z.string().check(z.minLength(1), z.maxLength(256))).check(z.maxLength(16)),
    default: [],
    label: "Stop strings",
    help: "A reply ends where one of these would appear.",
    control: "list",
    sampling: { name: "stop", openAi: "stop" },
  }),
  SYSTEM_PROMPT: row({
    schema: z.string().check(z.maxLength(65_536)),
    default: "",
    label: "System prompt",
    help: "Instructions at the start of every new chat; empty means none.",
    group: "chat",
    control: "longText",
    cost: "nothing",
  }),
} as const;
