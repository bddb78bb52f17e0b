import * as z from "zod/mini";
import { errorBodySchema } from "./api-error";
import { finishReasonSchema, generationStatsSchema } from "./generation";
import { kvTypeSchema } from "./kv-type";
import { samplingOverridesShape } from "./sampling";
import { settingRows } from "./settings";

/** Ids are made by the browser (UUIDs) or come with an import; they are never a path. */
export const chatIdSchema = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_-]{1,64}$/), z.describe('an id of at most 64 letters, digits, "-" and "_"'));

/** Well above any context: what really limits a message is the context, which answers with counts. */
export const MAX_TEXT_CHARACTERS = 4_000_000;
const textSchema = z.string().check(z.maxLength(MAX_TEXT_CHARACTERS));
const titleSchema = z.string().check(z.trim(), z.minLength(1), z.maxLength(200));
const folderSchema = z.string().check(z.trim(), z.minLength(1), z.maxLength(60));

/** A file whose text goes to the model. What is kept is the text, never the file. */
export const attachmentSchema = z.strictObject({
  name: z.string().check(z.minLength(1), z.maxLength(255)),
  mediaType: z.string().check(z.maxLength(128)),
  /** Of the file that the text was read from; a PDF has many more than its text. */
  fileBytes: z.optional(z.int().check(z.minimum(0))),
  /** What the file's bytes were taken for, where it was not UTF-8: a name of the Encoding Standard. */
  encoding: z.optional(z.string().check(z.maxLength(40))),
  text: textSchema,
});
export type Attachment = z.infer<typeof attachmentSchema>;

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Overrides of the settings for one chat; what is missing comes from the settings. */
export const chatSamplingSchema = z.strictObject({
  ...samplingOverridesShape,
  /** At most one of the two constrains the output. */
  jsonSchema: z.optional(z.string().check(z.maxLength(65_536), z.refine(isJsonObject, "must be a JSON object"))),
  grammar: z.optional(z.string().check(z.minLength(1), z.maxLength(65_536))),
});
export type ChatSampling = z.infer<typeof chatSamplingSchema>;

/** What happens when a conversation outgrows the context. `ask` refuses with counts and lets the user choose. */
export const overflowSchema = z.enum(["ask", "drop", "summarise"]);
export type Overflow = z.infer<typeof overflowSchema>;

export const chatSchema = z.object({
  id: chatIdSchema,
  title: z.string(),
  /** `auto`: made from the first exchange, and made anew until then; `user`: never touched again. */
  titleSource: z.enum(["auto", "user"]),
  folder: z.nullable(folderSchema),
  pinned: z.boolean(),
  /** Lives in memory only. */
  temporary: z.boolean(),
  /** null: the one from the settings; empty: none. */
  systemPrompt: z.nullable(z.string()),
  sampling: chatSamplingSchema,
  overflow: overflowSchema,
  /** Last message of the branch that is shown. */
  headId: z.nullable(chatIdSchema),
  createdAtMs: z.int(),
  updatedAtMs: z.int(),
});
export type Chat = z.infer<typeof chatSchema>;

/** An answer is pending while it is generated. Interrupted: stopped, crashed or cut off; it can be continued. */
export const messageStatusSchema = z.enum(["pending", "complete", "interrupted"]);

/** What one answer took, and where the model was at the time. */
export const replyStatsSchema = z.extend(generationStatsSchema, {
  finishReason: finishReasonSchema,
  modelName: z.string(),
  gpuLayers: z.int(),
  totalLayers: z.int(),
  contextTokens: z.int(),
  kvType: kvTypeSchema,
});
export type ReplyStats = z.infer<typeof replyStatsSchema>;

/**
 * What the model did not see any more when it gave this answer. Later answers of the branch start from here, so that the
 * engine's cached prefix stays valid.
 */
export const contextCutSchema = z.object({
  /** First message of the branch that was still sent. */
  fromMessageId: chatIdSchema,
  droppedMessages: z.int().check(z.minimum(1)),
  /** Sent in place of what was dropped; null when it was dropped without one. */
  summary: z.nullable(z.string()),
});
export type ContextCut = z.infer<typeof contextCutSchema>;

/** A node of the message tree. Messages with the same parent are versions of each other. */
export const chatMessageSchema = z.object({
  id: chatIdSchema,
  parentId: z.nullable(chatIdSchema),
  role: z.enum(["user", "assistant"]),
  text: z.string(),
  /** Reasoning that came before the text; empty when there was none. */
  thought: z.string(),
  thoughtMs: z.nullable(z.int()),
  attachments: z.array(attachmentSchema),
  status: messageStatusSchema,
  /** The text was written or changed by the user, not by the model. */
  edited: z.boolean(),
  /** Why an answer was interrupted, where it was not the user. */
  error: z.nullable(errorBodySchema),
  stats: z.nullable(replyStatsSchema),
  cut: z.nullable(contextCutSchema),
  createdAtMs: z.int(),
});
export type ChatMessage = z.infer<typeof chatMessageSchema>;

/** A message in which nothing stands yet; whoever makes one says who speaks, where it hangs and how it stands. */
export const blankMessage = (
  fields: Pick<ChatMessage, "id" | "parentId" | "role" | "status"> & Partial<ChatMessage>,
): ChatMessage => ({
  text: "",
  thought: "",
  thoughtMs: null,
  attachments: [],
  edited: false,
  error: null,
  stats: null,
  cut: null,
  createdAtMs: Date.now(),
  ...fields,
});

/** A chat in which nothing stands and nothing is chosen. */
export const blankChat = (id: string): Chat => ({
  id,
  title: "New chat",
  titleSource: "auto",
  folder: null,
  pinned: false,
  temporary: false,
  systemPrompt: null,
  sampling: {},
  overflow: "ask",
  headId: null,
  createdAtMs: 0,
  updatedAtMs: 0,
});

/** One chat with its whole tree, parents before children. */
export const chatTreeSchema = z.object({ chat: chatSchema, messages: z.array(chatMessageSchema) });
export type ChatTree = z.infer<typeof chatTreeSchema>;

/** A row of the list. `answering`: a reply is being generated or waits for its turn. */
export const chatListSchema = z.object({
  chats: z.array(z.extend(chatSchema, { answering: z.boolean() })),
  /** What happened to the history when it was opened: quarantined, restored. */
  notice: z.nullable(z.string()),
});
export type ListedChats = z.infer<typeof chatListSchema>;
export type ListedChat = ListedChats["chats"][number];

export const chatHitSchema = z.object({
  chatId: chatIdSchema,
  title: z.string(),
  messageId: z.nullable(chatIdSchema),
  /** Plain text; matches stand between U+0001 and U+0002. */
  snippet: z.string(),
  updatedAtMs: z.int(),
});
export type ChatHit = z.infer<typeof chatHitSchema>;
export const chatHitsSchema = z.object({ hits: z.array(chatHitSchema) });

// Requests

/** What is chosen when a chat is made and may be changed later. */
const chatChoices = {
  title: z.optional(titleSchema),
  folder: z.optional(z.nullable(folderSchema)),
  systemPrompt: z.optional(z.nullable(settingRows.SYSTEM_PROMPT.schema)),
  sampling: z.optional(chatSamplingSchema),
  overflow: z.optional(overflowSchema),
};

export const newChatSchema = z.strictObject({
  ...chatChoices,
  id: z.optional(chatIdSchema),
  temporary: z.optional(z.boolean()),
});
export type NewChat = z.infer<typeof newChatSchema>;

export const chatPatchSchema = z.strictObject({
  ...chatChoices,
  pinned: z.optional(z.boolean()),
  headId: z.optional(chatIdSchema),
  /** false takes a deletion back. */
  deleted: z.optional(z.literal(false)),
});
export type ChatPatch = z.infer<typeof chatPatchSchema>;

/** The part of the AI SDK's UIMessage that a chat on this machine can take: text, and files as text. */
export const incomingMessageSchema = z.object({
  id: chatIdSchema,
  role: z.enum(["user", "assistant"]),
  parts: z
    .array(
      z.discriminatedUnion("type", [
        z.object({ type: z.literal("text"), text: textSchema }),
        z.object({ type: z.literal("data-attachment"), data: attachmentSchema }),
      ]),
    )
    .check(z.maxLength(100)),
});
export type IncomingMessage = z.infer<typeof incomingMessageSchema>;

/**
 * Body of POST /api/chat.
 * `submit-message` adds `message` (the user's) below `parentId` and answers it. `regenerate-message` answers the user's
 * message `message.id` once more. `continue-message` goes on with the interrupted answer `message.id`.
 */
export const chatRequestSchema = z.strictObject({
  chatId: chatIdSchema,
  /** The AI SDK's transport sends the chat's id under this name as well. */
  id: z.optional(z.string()),
  message: incomingMessageSchema,
  parentId: z.optional(z.nullable(chatIdSchema)),
  trigger: z._default(z.enum(["submit-message", "regenerate-message", "continue-message"]), "submit-message"),
  /** Makes the chat, where it does not exist yet, one that leaves nothing behind. */
  temporary: z.optional(z.boolean()),
  /** For this answer only: what to do when it does not fit. */
  overflow: z.optional(overflowSchema),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** A message put into the tree by hand: an edited answer. */
export const newMessageSchema = z.strictObject({
  id: chatIdSchema,
  parentId: chatIdSchema,
  role: z.literal("assistant"),
  text: textSchema,
});

export type NewMessage = z.infer<typeof newMessageSchema>;

export const contextRequestSchema = z.strictObject({
  /** The branch that ends here; null for a new chat. */
  headId: z.nullable(chatIdSchema),
  draft: textSchema,
  attachments: z.array(attachmentSchema).check(z.maxLength(100)),
  /** Used where the chat does not exist yet. */
  systemPrompt: z.optional(z.nullable(z.string())),
});
export type ContextRequest = z.infer<typeof contextRequestSchema>;

/** How full the context is, in tokens of the loaded model's own template. */
export const contextUseSchema = z.object({
  contextTokens: z.int(),
  systemTokens: z.int(),
  historyTokens: z.int(),
  draftTokens: z.int(),
  replyReserveTokens: z.int(),
  /** KV cache of the whole context on all devices; the chat's share is in proportion. */
  kvBytes: z.nullable(z.int()),
  /** The smallest context that holds all of it and keeps room for a reply. */
  neededTokens: z.int(),
  /** Messages that would be dropped or summarised before the next answer, and their tokens; 0 when it fits. */
  overflowingMessages: z.int(),
  overflowingTokens: z.int(),
  /** What their summary may take at most. */
  summaryTokens: z.int(),
  /** The draft alone, with the system prompt, does not fit. */
  draftTooLong: z.boolean(),
});
export type ContextUse = z.infer<typeof contextUseSchema>;
/** `use` is null while no model is loaded: nobody can count then. */
export const contextAnswerSchema = z.object({ use: z.nullable(contextUseSchema) });

// The stream

/** Where a run is before its first token; sent as a transient `data-status` part. */
export const runStatusSchema = z.discriminatedUnion("phase", [
  /** `position` 1 is next. */
  z.object({ phase: z.literal("queued"), position: z.int().check(z.minimum(1)) }),
  z.object({ phase: z.literal("loading") }),
  z.object({ phase: z.literal("summarising") }),
  z.object({ phase: z.literal("prefill"), doneTokens: z.int(), totalTokens: z.int() }),
  /** Tokens of the context that prompt and answer fill by now. */
  z.object({ phase: z.literal("generating"), usedTokens: z.int() }),
]);
export type RunStatus = z.infer<typeof runStatusSchema>;

/** The chunks of the AI SDK's UI message stream that a run of ours sends. */
export const runChunkSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("start"), messageId: z.string() }),
  z.object({ type: z.literal("text-start"), id: z.string() }),
  z.object({ type: z.literal("text-delta"), id: z.string(), delta: z.string() }),
  z.object({ type: z.literal("text-end"), id: z.string() }),
  z.object({ type: z.literal("reasoning-start"), id: z.string() }),
  z.object({ type: z.literal("reasoning-delta"), id: z.string(), delta: z.string() }),
  z.object({ type: z.literal("reasoning-end"), id: z.string() }),
  z.object({ type: z.literal("data-status"), data: runStatusSchema, transient: z.literal(true) }),
  /** The answer as it was committed; the last word of a run about it. */
  z.object({ type: z.literal("data-message"), data: chatMessageSchema, transient: z.literal(true) }),
  z.object({ type: z.literal("data-chat"), data: chatSchema, transient: z.literal(true) }),
  z.object({ type: z.literal("finish") }),
]);
export type RunChunk = z.infer<typeof runChunkSchema>;

// Export and import

export const CHAT_EXPORT_FORMAT = "headroom-chats";

/** Of the file's form; a newer Headroom may write another one. */
export const CHAT_EXPORT_VERSION = 1;

export const importedChatSchema = z.object({
  chat: z.extend(chatSchema, { title: titleSchema }),
  messages: z.array(z.extend(chatMessageSchema, { text: textSchema, thought: textSchema })),
  /** More messages of a chat that an earlier request began: one body cannot hold every chat. */
  continues: z.optional(z.boolean()),
});
export type ImportedChat = z.infer<typeof importedChatSchema>;

/** What a file of exported chats holds; other programs' exports are turned into the same by the browser. */
export const chatImportSchema = z.object({
  format: z.optional(z.literal(CHAT_EXPORT_FORMAT)),
  version: z.optional(z.literal(CHAT_EXPORT_VERSION)),
  /** What becomes of a chat that is here already: left alone, which is the default, or replaced. */
  existing: z.optional(z.enum(["skip", "replace"])),
  chats: z.array(importedChatSchema).check(z.maxLength(10_000)),
});
export type ChatImport = z.infer<typeof chatImportSchema>;
export const chatImportAnswerSchema = z.object({
  imported: z.int(),
  /** Ids of the chats that are here already and were left alone. */
  existing: z.array(chatIdSchema),
  /** The chats that could not be taken, and why. */
  refused: z.array(z.object({ id: chatIdSchema, title: z.string(), reason: z.string() })),
});
export type ChatImportAnswer = z.infer<typeof chatImportAnswerSchema>;
