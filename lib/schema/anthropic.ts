import * as z from "zod/mini";

/**
 * What Anthropic's clients send to its Messages API. Blocks of every type are let in here, so that a refusal can say which block it is
 * and what it would need.
 */
const optional = <Schema extends z.ZodMiniType>(schema: Schema) => z.nullish(schema);

const blockSchema = z.looseObject({ type: z.string() });
export type AnthropicBlock = z.infer<typeof blockSchema>;
const content = z.union([z.string(), z.array(blockSchema)]);
export type AnthropicContent = z.infer<typeof content>;

const messageSchema = z.object({ role: z.enum(["user", "assistant", "system"]), content });
export type AnthropicMessage = z.infer<typeof messageSchema>;

/** A key that only its absence makes neutral. */
const nothing = z.null().check(z.describe("left out, because this engine cannot do it"));

const prompt = {
  model: optional(z.string().check(z.maxLength(1024))),
  messages: z.array(messageSchema).check(z.maxLength(10_000)),
  system: optional(content),
  tools: optional(z.array(z.looseObject({ name: optional(z.string()), type: optional(z.string()) }))),
  tool_choice: optional(
    z.object({
      type: z.enum(["auto", "any", "none", "tool"]),
      name: optional(z.string()),
      disable_parallel_tool_use: optional(z.boolean()),
    }),
  ),
  thinking: optional(
    z.looseObject({ type: z.enum(["enabled", "disabled", "adaptive"]), budget_tokens: optional(z.int()) }),
  ),
  output_config: optional(
    z.looseObject({
      effort: optional(z.enum(["low", "medium", "high", "xhigh", "max"])),
      format: optional(z.object({ type: z.literal("json_schema"), schema: z.record(z.string(), z.unknown()) })),
    }),
  ),
  /** What runs at Anthropic's service. */
  container: optional(nothing),
  mcp_servers: optional(z.array(z.unknown()).check(z.maxLength(0))),
  /** Keys that describe the caller or the service and change nothing in an answer. The cache is always used. */
  cache_control: optional(z.looseObject({})),
  inference_geo: optional(z.string()),
  user_profile_id: optional(z.string()),
  workspace_id: optional(z.string()),
  speed: optional(z.enum(["standard", "fast"])),
};

export const countTokensRequestSchema = z.looseObject(prompt);
export type CountTokensRequest = z.infer<typeof countTokensRequestSchema>;

export const messagesRequestSchema = z.looseObject({
  ...prompt,
  /** Anthropic demands it. Without it, the longest reply of the settings counts. */
  max_tokens: optional(z.int().check(z.minimum(1))),
  stream: optional(z.boolean()),
  temperature: optional(z.number().check(z.minimum(0), z.maximum(1))),
  top_p: optional(z.number().check(z.minimum(0), z.maximum(1))),
  top_k: optional(z.int().check(z.minimum(0), z.maximum(1000))),
  stop_sequences: optional(z.array(z.string().check(z.maxLength(256))).check(z.maxLength(16))),
  metadata: optional(z.looseObject({})),
  service_tier: optional(z.string()),
});
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;
