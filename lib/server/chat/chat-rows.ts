import * as z from "zod";
import { errorBodySchema } from "@/lib/schema/api-error";
import {
  attachmentSchema,
  type Chat,
  type ChatMessage,
  chatSamplingSchema,
  contextCutSchema,
  messageStatusSchema,
  overflowSchema,
  replyStatsSchema,
} from "@/lib/schema/chat";
import { parseJson } from "@/lib/server/system/parse-json";

/** When a column's JSON does not parse or has an older shape, `fallback` is used: one odd cell must not hide a chat. */
const jsonColumn = <Schema extends z.core.$ZodType>(schema: Schema, fallback: z.output<Schema>) =>
  z.preprocess(jsonIn, z.catch(schema, fallback));

const jsonIn = (text: unknown): unknown => (typeof text === "string" ? (parseJson(text) ?? null) : null);

/** Older versions cut titles in the middle of an emoji and stored its first half as a replacement character. */
const withoutBrokenEnd = (title: string): string => title.replace(/[\uFFFD\uD800-\uDBFF]+(?=…?$)/, "");

const flagColumn = z.number().transform(flag => flag !== 0);

const chatRowSchema = z.object({
  id: z.string(),
  title: z.string().transform(withoutBrokenEnd),
  title_source: z.enum(["auto", "user"]),
  folder: z.string().nullable(),
  pinned: flagColumn,
  system_prompt: z.string().nullable(),
  sampling: jsonColumn(chatSamplingSchema, {}),
  overflow: overflowSchema,
  head_id: z.string().nullable(),
  created_at_ms: z.number(),
  updated_at_ms: z.number(),
});

const messageRowSchema = z.object({
  id: z.string(),
  parent_id: z.string().nullable(),
  role: z.enum(["user", "assistant"]),
  text: z.string(),
  thought: z.string(),
  thought_ms: z.number().nullable(),
  attachments: jsonColumn(z.array(attachmentSchema), []),
  status: messageStatusSchema,
  edited: flagColumn,
  error: jsonColumn(z.nullable(errorBodySchema), null),
  stats: jsonColumn(z.nullable(replyStatsSchema), null),
  cut: jsonColumn(z.nullable(contextCutSchema), null),
  created_at_ms: z.number(),
});

/** The columns are named, because `*` would include the driver's own fields. */
export const CHAT_COLUMNS =
  "id, title, title_source, folder, pinned, system_prompt, sampling, overflow, head_id, created_at_ms, updated_at_ms";
export const MESSAGE_COLUMNS =
  "id, parent_id, role, text, thought, thought_ms, attachments, status, edited, error, stats, cut, created_at_ms";

export function chatFromRow(row: unknown, temporary: boolean): Chat {
  const chat = chatRowSchema.parse(row);
  return {
    id: chat.id,
    title: chat.title,
    titleSource: chat.title_source,
    folder: chat.folder,
    pinned: chat.pinned,
    temporary,
    systemPrompt: chat.system_prompt,
    sampling: chat.sampling,
    overflow: chat.overflow,
    headId: chat.head_id,
    createdAtMs: chat.created_at_ms,
    updatedAtMs: chat.updated_at_ms,
  };
}

export function messageFromRow(row: unknown): ChatMessage {
  const message = messageRowSchema.parse(row);
  return {
    id: message.id,
    parentId: message.parent_id,
    role: message.role,
    text: message.text,
    thought: message.thought,
    thoughtMs: message.thought_ms,
    attachments: message.attachments,
    status: message.status,
    edited: message.edited,
    error: message.error,
    stats: message.stats,
    cut: message.cut,
    createdAtMs: message.created_at_ms,
  };
}

export const jsonOrNull = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
