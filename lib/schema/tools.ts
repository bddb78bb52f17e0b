import * as z from "zod/mini";

export const MAX_TOOLS = 128;

/** A function that the model may ask for. `parameters` is a JSON schema of an object; without it the function takes nothing. */
export const toolSchema = z.object({
  name: z.string().check(z.regex(/^[\w.-]{1,128}$/)),
  description: z.optional(z.string()),
  parameters: z.optional(z.record(z.string(), z.unknown())),
});
export type Tool = z.infer<typeof toolSchema>;

export const toolUseSchema = z.object({
  tools: z.array(toolSchema).check(z.minLength(1), z.maxLength(MAX_TOOLS)),
  /** Whether the model decides, must call any of the tools, or must call this one. */
  choice: z.union([z.enum(["auto", "required"]), z.object({ name: z.string() })]),
  /** Whether it may call several tools at once. */
  parallel: z.boolean(),
});
export type ToolUse = z.infer<typeof toolUseSchema>;

/** A call that the model made. `arguments` is the text of a JSON object. */
export const toolCallSchema = z.object({ id: z.string(), name: z.string(), arguments: z.string() });
export type ToolCall = z.infer<typeof toolCallSchema>;
