import * as z from "zod/mini";

/**
 * What OpenAI's clients send to its Responses API. Items and tools of every type are let in here, so that a refusal can say which one it
 * is and what it would need.
 */
const optional = <Schema extends z.ZodMiniType>(schema: Schema) => z.nullish(schema);

const partSchema = z.looseObject({ type: z.string(), text: optional(z.string()) });
const content = z.union([z.string(), z.array(partSchema)]);
export type ResponseContent = z.infer<typeof content>;

const itemSchema = z.looseObject({
  type: optional(z.string()),
  role: optional(z.enum(["user", "assistant", "system", "developer"])),
  content: optional(content),
  /** Of a thought. */
  summary: optional(content),
});
export type ResponseInputItem = z.infer<typeof itemSchema>;

const toolSchema = z.looseObject({ type: z.string() });

/** Asks for what only a service with a memory of earlier responses can do. */
const neutralOnly = {
  previous_response_id: optional(z.literal("")),
  background: optional(z.literal(false)),
};

const withoutEffect = {
  store: optional(z.boolean()),
  metadata: optional(z.record(z.string(), z.string())),
  user: optional(z.string()),
  include: optional(z.array(z.string())),
  service_tier: optional(z.string()),
  safety_identifier: optional(z.string()),
  prompt_cache_key: optional(z.string()),
  /** A prompt that does not fit is refused in both cases: nothing is left out unsaid. */
  truncation: optional(z.enum(["auto", "disabled"])),
  stream_options: optional(z.looseObject({})),
};

export const responsesRequestSchema = z.looseObject({
  ...neutralOnly,
  ...withoutEffect,
  model: optional(z.string().check(z.maxLength(1024))),
  input: z.union([z.string().check(z.minLength(1)), z.array(itemSchema).check(z.minLength(1), z.maxLength(10_000))]),
  instructions: optional(z.string()),
  stream: optional(z.boolean()),
  max_output_tokens: optional(z.int().check(z.minimum(1))),
  temperature: optional(z.number().check(z.minimum(0), z.maximum(5))),
  top_p: optional(z.number().check(z.minimum(0), z.maximum(1))),
  tools: optional(z.array(toolSchema)),
  tool_choice: optional(z.union([z.enum(["auto", "none", "required"]), toolSchema])),
  parallel_tool_calls: optional(z.boolean()),
  text: optional(z.looseObject({ format: optional(z.looseObject({ type: z.string() })) })),
  reasoning: optional(z.looseObject({ effort: optional(z.string()) })),
  /** llama.cpp's server: times in each piece of text, and how far the prompt is read. */
  timings_per_token: optional(z.boolean()),
  return_progress: optional(z.boolean()),
});
export type ResponsesRequest = z.infer<typeof responsesRequestSchema>;
