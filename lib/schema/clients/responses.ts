import * as z from "zod/mini";
import { anything } from "./openai";

/**
 * What OpenAI's clients send to its Responses API. Items and tools of every type are let in here, so that a refusal can say which one it
 * is and what it would need.
 */
const partSchema = z.looseObject({ type: z.string(), text: z.nullish(z.string()) });
const content = z.union([z.string(), z.array(partSchema)]);
export type ResponseContent = z.infer<typeof content>;

const itemSchema = z.looseObject({
  type: z.nullish(z.string()),
  role: z.nullish(z.enum(["user", "assistant", "system", "developer"])),
  content: z.nullish(content),
  /** Of a thought. */
  summary: z.nullish(content),
});
export type ResponseInputItem = z.infer<typeof itemSchema>;

const toolSchema = z.looseObject({ type: z.string() });

/** Asks for what only a service with a memory of earlier responses can do. */
const neutralOnly = {
  previous_response_id: z.nullish(
    z
      .string()
      .check(z.maxLength(0), z.describe("left out, because no responses are kept here: send the whole conversation")),
  ),
  background: z.nullish(z.literal(false)),
};

const withoutEffect = {
  store: anything,
  metadata: anything,
  user: anything,
  include: anything,
  service_tier: anything,
  safety_identifier: anything,
  prompt_cache_key: anything,
  /** A prompt that does not fit is refused in both cases: nothing is left out unsaid. */
  truncation: z.nullish(z.enum(["auto", "disabled"])),
  stream_options: anything,
};

export const responsesRequestSchema = z.looseObject({
  ...neutralOnly,
  ...withoutEffect,
  model: z.nullish(z.string().check(z.maxLength(1024))),
  input: z.union([z.string().check(z.minLength(1)), z.array(itemSchema).check(z.minLength(1), z.maxLength(10_000))]),
  instructions: z.nullish(z.string()),
  stream: z.nullish(z.boolean()),
  max_output_tokens: z.nullish(z.int().check(z.minimum(1))),
  temperature: z.nullish(z.number().check(z.minimum(0), z.maximum(5))),
  top_p: z.nullish(z.number().check(z.minimum(0), z.maximum(1))),
  tools: z.nullish(z.array(toolSchema)),
  tool_choice: z.nullish(z.union([z.enum(["auto", "none", "required"]), toolSchema])),
  parallel_tool_calls: z.nullish(z.boolean()),
  text: z.nullish(z.looseObject({ format: z.nullish(z.looseObject({ type: z.string() })) })),
  reasoning: z.nullish(z.looseObject({ effort: z.nullish(z.string()) })),
  /** llama.cpp's server: times in each piece of text, and how far the prompt is read. */
  timings_per_token: z.nullish(z.boolean()),
  return_progress: z.nullish(z.boolean()),
});
export type ResponsesRequest = z.infer<typeof responsesRequestSchema>;
