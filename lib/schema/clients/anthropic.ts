import * as z from "zod/mini";
import { absentSchema, anything } from "./openai";

/**
 * What Anthropic's clients send to its Messages API. Blocks of every type are let in here, so that a refusal can say which block it is
 * and what it would need.
 */
const blockSchema = z.looseObject({ type: z.string() });
export type AnthropicBlock = z.infer<typeof blockSchema>;
const content = z.union([z.string(), z.array(blockSchema)]);
export type AnthropicContent = z.infer<typeof content>;

const messageSchema = z.object({ role: z.enum(["user", "assistant", "system"]), content });
export type AnthropicMessage = z.infer<typeof messageSchema>;

const prompt = {
  model: z.nullish(z.string().check(z.maxLength(1024))),
  messages: z.array(messageSchema).check(z.maxLength(10_000)),
  system: z.nullish(content),
  tools: z.nullish(z.array(z.looseObject({ name: z.nullish(z.string()), type: z.nullish(z.string()) }))),
  tool_choice: z.nullish(
    z.object({
      type: z.enum(["auto", "any", "none", "tool"]),
      name: z.nullish(z.string()),
      disable_parallel_tool_use: z.nullish(z.boolean()),
    }),
  ),
  thinking: z.nullish(
    z.looseObject({ type: z.enum(["enabled", "disabled", "adaptive"]), budget_tokens: z.nullish(z.int()) }),
  ),
  output_config: z.nullish(
    z.looseObject({
      effort: z.nullish(z.enum(["low", "medium", "high", "xhigh", "max"])),
      format: z.nullish(z.object({ type: z.literal("json_schema"), schema: z.record(z.string(), z.unknown()) })),
    }),
  ),
  /** What runs at Anthropic's service. */
  container: z.nullish(absentSchema),
  mcp_servers: z.nullish(z.array(z.unknown()).check(z.maxLength(0))),
  /** Keys that describe the caller or the service and change nothing in an answer. The cache is always used. */
  cache_control: anything,
  inference_geo: anything,
  user_profile_id: anything,
  workspace_id: anything,
  speed: anything,
};

export const countTokensRequestSchema = z.looseObject(prompt);
export type CountTokensRequest = z.infer<typeof countTokensRequestSchema>;

export const messagesRequestSchema = z.looseObject({
  ...prompt,
  /** Anthropic demands it. Without it, the longest reply of the settings counts. */
  max_tokens: z.nullish(z.int().check(z.minimum(1))),
  stream: z.nullish(z.boolean()),
  temperature: z.nullish(z.number().check(z.minimum(0), z.maximum(1))),
  top_p: z.nullish(z.number().check(z.minimum(0), z.maximum(1))),
  top_k: z.nullish(z.int().check(z.minimum(0), z.maximum(1000))),
  stop_sequences: z.nullish(z.array(z.string().check(z.maxLength(256))).check(z.maxLength(16))),
  metadata: anything,
  service_tier: anything,
});
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;
