import * as z from "zod/mini";
import { errorBodySchema } from "./api-error";
import { finishReasonSchema, generationStatsSchema } from "./generation";
import { isPictureType, pictureDataSchema } from "./picture";
import { kvTypeSchema } from "./plans/kv-type";
import { chatRows } from "./settings/chat-settings";
import { samplingOverridesShape } from "./settings/sampling";

/** Ids are made by the browser (UUIDs) or come with an import; they are never a path. */
export const chatIdSchema = z
  .string()
  .check(z.regex(/^[A-Za-z0-9_-]{1,64}$/), z.describe('an id of at most 64 letters, digits, "-" and "_"'));

/** Far above any context. The context is the real limit, and exceeding it is an error with counts. */
export const MAX_TEXT_CHARACTERS = 4_000_000;
const textSchema = z.string().check(z.maxLength(MAX_TEXT_CHARACTERS));
const titleSchema = z.string().check(z.trim(), z.minLength(1), z.maxLength(200));
const folderSchema = z.string().check(z.trim(), z.minLength(1), z.maxLength(60));

/** A file whose text goes to the model, of which only the text is kept; or a picture, which has no text. */
export const attachmentSchema = z.strictObject({
  name: z.string().check(z.minLength(1), z.maxLength(255)),
  mediaType: z.string().check(z.maxLength(128)),
  /** Size of the file that the text was read from. A PDF is much larger than its text. */
  fileBytes: z.optional(z.int().check(z.minimum(0))),
  /** The encoding that the file was read as, if not UTF-8: a name of the Encoding Standard. */
  encoding: z.optional(z.string().check(z.maxLength(40))),
  text: textSchema,
  /** The bytes of a picture. Left out if only tokens are counted. */
  data: z.optional(pictureDataSchema),
});
export type Attachment = z.infer<typeof attachmentSchema>;

export const isPicture = ({ mediaType }: Pick<Attachment, "mediaType">): boolean => isPictureType(mediaType);

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Overrides of the settings for one chat. Missing values come from the settings. */
export const chatSamplingSchema = z.strictObject({
  ...samplingOverridesShape,
  /** At most one of the two constrains the output. */
  jsonSchema: z.optional(z.string().check(z.maxLength(65_536), z.refine(isJsonObject, "must be a JSON object"))),
  grammar: z.optional(z.string().check(z.minLength(1), z.maxLength(65_536))),
});
export type ChatSampling = z.infer<typeof chatSamplingSchema>;

/** What happens when a conversation no longer fits the context. `ask` refuses with counts and lets the user choose. */
export const overflowSchema = z.enum(["ask", "drop", "summarise"]);
export type Overflow = z.infer<typeof overflowSchema>;

export const chatSchema = z.object({
  id: chatIdSchema,
  title: z.string(),
  /** `auto`: made from the first exchange, and updated until then; `user`: never changed automatically. */
  titleSource: z.enum(["auto", "user"]),
  folder: z.nullable(folderSchema),
  pinned: z.boolean(),
  /** Lives in memory only. */
  temporary: z.boolean(),
  /** null: the settings' system prompt; empty: none. */
  systemPrompt: z.nullable(z.string()),
  sampling: chatSamplingSchema,
  overflow: overflowSchema,
  /** Last message of the displayed branch. */
  headId: z.nullable(chatIdSchema),
  createdAtMs: z.int(),
  updatedAtMs: z.int(),
});
export type Chat = z.infer<typeof chatSchema>;

/** `pending`: the answer is being generated. `interrupted`: it was stopped, crashed or cut off, and can be continued. */
export const messageStatusSchema = z.enum(["pending", "complete", "interrupted"]);

/** Tokens and times of one answer, and where the model was placed. */
export const replyStatsSchema = z.extend(generationStatsSchema, {
  finishReason: finishReasonSchema,
  modelName: z.string(),
  gpuLayers: z.int(),
  totalLayers: z.int(),
  contextTokens: z.int(),
  kvType: kvTypeSchema,
  /** The other engine that answered, whose layers and KV cache nobody knows. */
  engineName: z.optional(z.string()),
});
export type ReplyStats = z.infer<typeof replyStatsSchema>;

/**
 * The part of the conversation that the model no longer saw when it gave this answer. Later answers of the branch keep the same
 * cut, so that the engine's cached prefix stays valid.
 */
export const contextCutSchema = z.object({
  /** First message of the branch that was still sent. */
  fromMessageId: chatIdSchema,
  droppedMessages: z.int().check(z.minimum(1)),
  /** Sent in place of the dropped messages; null when they were dropped without a summary. */
  summary: z.nullable(z.string()),
});
export type ContextCut = z.infer<typeof contextCutSchema>;

/** A node of the message tree. Messages with the same parent are versions of each other. */
export const chatMessageSchema = z.object({
  id: chatIdSchema,
  parentId: z.nullable(chatIdSchema),
  role: z.enum(["user", "assistant"]),
  text: z.string(),
  /** Reasoning before the text; empty when there was none. */
  thought: z.string(),
  thoughtMs: z.nullable(z.int()),
  attachments: z.array(attachmentSchema),
  status: messageStatusSchema,
  /** The text was written or changed by the user, not by the model. */
  edited: z.boolean(),
  /** Why an answer was interrupted, if not by the user. */
  error: z.nullable(errorBodySchema),
  stats: z.nullable(replyStatsSchema),
  cut: z.nullable(contextCutSchema),
  createdAtMs: z.int(),
});
export type ChatMessage = z.infer<typeof chatMessageSchema>;

/** An empty message. The caller gives its id, its place in the tree, its role and its status. */
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

/** A chat without messages and without choices of its own. */
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
  /** What happened to the history when it was opened, such as quarantined or restored. */
  notice: z.nullable(z.string()),
});
export type ListedChats = z.infer<typeof chatListSchema>;
export type ListedChat = ListedChats["chats"][number];

export const chatHitSchema = z.object({
  chatId: chatIdSchema,
  title: z.string(),
  messageId: z.nullable(chatIdSchema),
  /** Plain text. Each match is between U+0001 and U+0002. */
  snippet: z.string(),
  updatedAtMs: z.int(),
});
export type ChatHit = z.infer<typeof chatHitSchema>;
export const chatHitsSchema = z.object({ hits: z.array(chatHitSchema) });

// Requests

/** Values that are chosen when a chat is created and can be changed later. */
const chatChoices = {
  title: z.optional(titleSchema),
  folder: z.optional(z.nullable(folderSchema)),
  systemPrompt: z.optional(z.nullable(chatRows.SYSTEM_PROMPT.schema)),
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
  /** false undoes a deletion. */
  deleted: z.optional(z.literal(false)),
});
export type ChatPatch = z.infer<typeof chatPatchSchema>;

/** The part of the AI SDK's UIMessage that a chat supports here: text, files as text, and pictures. */
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
 * message `message.id` again. `continue-message` continues the interrupted answer `message.id`.
 */
export const chatRequestSchema = z.strictObject({
  chatId: chatIdSchema,
  /** The AI SDK's transport sends the chat's id under this name as well. */
  id: z.optional(z.string()),
  message: incomingMessageSchema,
  parentId: z.optional(z.nullable(chatIdSchema)),
  trigger: z._default(z.enum(["submit-message", "regenerate-message", "continue-message"]), "submit-message"),
  /** If the chat does not exist yet, it is created as a temporary one, which is never saved. */
  temporary: z.optional(z.boolean()),
  /** For this answer only: what to do when the conversation does not fit. */
  overflow: z.optional(overflowSchema),
});
export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** A message that the user adds to the tree: an edited answer. */
export const newMessageSchema = z.strictObject({
  id: chatIdSchema,
  parentId: chatIdSchema,
  role: z.literal("assistant"),
  text: textSchema,
});

export type NewMessage = z.infer<typeof newMessageSchema>;

export const contextRequestSchema = z.strictObject({
  /** Last message of the branch; null for a new chat. */
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
  /** KV cache of the whole context on all devices. The chat's share is proportional to its tokens. */
  kvBytes: z.nullable(z.int()),
  /** The smallest context that holds the whole conversation and leaves room for a reply. */
  neededTokens: z.int(),
  /** Messages that would be dropped or summarised before the next answer, and their tokens; 0 when it fits. */
  overflowingMessages: z.int(),
  overflowingTokens: z.int(),
  /** Most tokens that their summary may have. */
  summaryTokens: z.int(),
  /** True when even the draft and the system prompt alone do not fit. */
  draftTooLong: z.boolean(),
  /** Present where the engine cannot count: these are guesses from the length of the text. */
  isAbout: z.optional(z.literal(true)),
});
export type ContextUse = z.infer<typeof contextUseSchema>;
/** `use` is null while no model is loaded, because nothing can count tokens then. */
export const contextAnswerSchema = z.object({ use: z.nullable(contextUseSchema) });

// The stream

/** The phase of a run; sent as a transient `data-status` part. */
export const runStatusSchema = z.discriminatedUnion("phase", [
  /** `position` 1 is next. */
  z.object({ phase: z.literal("queued"), position: z.int().check(z.minimum(1)) }),
  z.object({ phase: z.literal("loading") }),
  z.object({ phase: z.literal("summarising") }),
  z.object({ phase: z.literal("prefill"), doneTokens: z.int(), totalTokens: z.int() }),
  /** Tokens of the context that prompt and answer fill so far. */
  z.object({ phase: z.literal("generating"), usedTokens: z.int() }),
]);
export type RunStatus = z.infer<typeof runStatusSchema>;

/** The chunks of the AI SDK's UI message stream that Headroom's runs send. */
export const runChunkSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("start"), messageId: z.string() }),
  z.object({ type: z.literal("text-start"), id: z.string() }),
  z.object({ type: z.literal("text-delta"), id: z.string(), delta: z.string() }),
  z.object({ type: z.literal("text-end"), id: z.string() }),
  z.object({ type: z.literal("reasoning-start"), id: z.string() }),
  z.object({ type: z.literal("reasoning-delta"), id: z.string(), delta: z.string() }),
  z.object({ type: z.literal("reasoning-end"), id: z.string() }),
  z.object({ type: z.literal("data-status"), data: runStatusSchema, transient: z.literal(true) }),
  /** The answer as it was saved; the run sends nothing about it after this. */
  z.object({ type: z.literal("data-message"), data: chatMessageSchema, transient: z.literal(true) }),
  z.object({ type: z.literal("data-chat"), data: chatSchema, transient: z.literal(true) }),
  z.object({ type: z.literal("finish") }),
]);
export type RunChunk = z.infer<typeof runChunkSchema>;

// Export and import

export const CHAT_EXPORT_FORMAT = "headroom-chats";

/** Version of the file's format. A newer Headroom may write another one. */
export const CHAT_EXPORT_VERSION = 1;

export const importedChatSchema = z.object({
  chat: z.extend(chatSchema, { title: titleSchema }),
  messages: z.array(z.extend(chatMessageSchema, { text: textSchema, thought: textSchema })),
  /** These are further messages of a chat from an earlier request, because a large chat does not fit into one body. */
  continues: z.optional(z.boolean()),
});
export type ImportedChat = z.infer<typeof importedChatSchema>;

/** Contents of a file of exported chats. The browser converts other programs' exports to this format. */
export const chatImportSchema = z.object({
  format: z.optional(z.literal(CHAT_EXPORT_FORMAT)),
  version: z.optional(z.literal(CHAT_EXPORT_VERSION)),
  /** What to do with a chat that already exists: skip it, which is the default, or replace it. */
  existing: z.optional(z.enum(["skip", "replace"])),
  chats: z.array(importedChatSchema).check(z.maxLength(10_000)),
});
export type ChatImport = z.infer<typeof chatImportSchema>;
export const chatImportAnswerSchema = z.object({
  imported: z.int(),
  /** Ids of the chats that already existed and were skipped. */
  existing: z.array(chatIdSchema),
  /** The chats that could not be imported, and why. */
  refused: z.array(z.object({ id: chatIdSchema, title: z.string(), reason: z.string() })),
});
export type ChatImportAnswer = z.infer<typeof chatImportAnswerSchema>;
