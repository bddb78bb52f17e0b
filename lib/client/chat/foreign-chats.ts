import * as z from "zod/mini";
import { blankChat, chatIdSchema, type ImportedChat } from "@/lib/schema/chat";
import { beginningOf } from "@/lib/units/graphemes";
import { type ForeignNode, importedMessages } from "./imported-messages";

/** Another program's chat in our format, and how many of its pieces have no text for us. */
export type ForeignChat = ImportedChat & { readonly leftOut: number };

const MAX_TITLE_CHARACTERS = 200;

/** A field that is null or has another type counts as missing: exports differ from year to year. */
const lenient = <Schema extends z.ZodMiniType>(schema: Schema) => z.catch(z.optional(schema), undefined);
const text = lenient(z.string());
const moment = z.optional(z.unknown());

const chatGptSchema = z.object({
  id: text,
  conversation_id: text,
  title: text,
  create_time: moment,
  update_time: moment,
  current_node: text,
  mapping: z.record(z.string(), z.unknown()),
});

const chatGptMessageSchema = z.object({
  author: z.object({ role: z.string() }),
  recipient: text,
  create_time: moment,
  content: lenient(z.object({ content_type: text, parts: lenient(z.array(z.unknown())), text, language: text })),
});
type ChatGptMessage = z.infer<typeof chatGptMessageSchema>;

const parentSchema = z.object({ parent: text, parentId: text, message: z.optional(z.unknown()) });
const transcriptionSchema = z.object({ content_type: z.literal("audio_transcription"), text: z.string() });

/** A conversation of ChatGPT's conversations.json; null when it is not one. */
export function chatFromChatGpt(value: unknown): ForeignChat | null {
  const source = chatGptSchema.safeParse(value).data;
  if (!source) return null;
  const createdAtMs = momentMs(source.create_time, Date.now());
  let leftOut = 0;
  const nodes = Object.entries(source.mapping).map(([id, node]): ForeignNode => {
    const { parent, message } = parentSchema.safeParse(node).data ?? {};
    const read = message == null ? NOTHING : chatGptMessage(message, createdAtMs);
    leftOut += read.leftOut;
    return { ...read, id, parentId: parent ?? null };
  });
  return foreignChat({
    id: source.conversation_id ?? source.id,
    title: source.title,
    createdAtMs,
    updatedAtMs: momentMs(source.update_time, createdAtMs),
    pinned: false,
    nodes,
    currentId: source.current_node,
    leftOut,
  });
}

type ReadMessage = Pick<ForeignNode, "role" | "text" | "createdAtMs"> & { readonly leftOut: number };
const NOTHING: ReadMessage = { role: "", text: "", createdAtMs: 0, leftOut: 0 };

function chatGptMessage(value: unknown, fallbackMs: number): ReadMessage {
  const message = chatGptMessageSchema.safeParse(value).data;
  if (!message) return { ...NOTHING, leftOut: 1 };
  const createdAtMs = momentMs(message.create_time, fallbackMs);
  const { role } = message.author;
  if (role === "system") return NOTHING;
  const read = chatGptText(message);
  if (role === "user" || role === "assistant") return { role, createdAtMs, ...read };
  // A program's output belongs to the answer. Output of other tools for the model was never shown as text.
  if (message.content?.content_type === "execution_output") return { role: "assistant", createdAtMs, ...read };
  return { ...NOTHING, leftOut: read.text === "" ? read.leftOut : 1 };
}

function chatGptText({ content, recipient }: ChatGptMessage): { text: string; leftOut: number } {
  if (!content) return { text: "", leftOut: 0 };
  const { content_type: type, parts, text: whole, language } = content;
  if (type === "code") {
    const isUnknown = language === undefined || language === "unknown";
    const guessed = recipient === "python" ? "python" : "";
    return { text: fenced(whole ?? "", isUnknown ? guessed : language), leftOut: 0 };
  }
  if (type === "execution_output") return { text: fenced(whole ?? "", ""), leftOut: 0 };
  if (parts === undefined) return { text: whole ?? "", leftOut: whole === undefined ? 1 : 0 };
  const texts = parts.map(part => (typeof part === "string" ? part : transcriptionSchema.safeParse(part).data?.text));
  return {
    text: texts.filter(part => part !== undefined && part !== "").join("\n\n"),
    leftOut: texts.filter(part => part === undefined).length,
  };
}

/** A code block; its fence is longer than any run of backticks inside. */
function fenced(code: string, language: string): string {
  if (code === "") return "";
  const longestRun = Math.max(0, ...(code.match(/`+/g) ?? []).map(run => run.length));
  const fence = "`".repeat(Math.max(3, longestRun + 1));
  return `${fence}${language}\n${code.replace(/\n$/, "")}\n${fence}`;
}

const openWebUiSchema = z.object({
  id: text,
  title: text,
  created_at: moment,
  updated_at: moment,
  pinned: lenient(z.boolean()),
  chat: z.object({
    title: text,
    history: z.object({ currentId: text, messages: z.record(z.string(), z.unknown()) }),
  }),
});

const openWebUiMessageSchema = z.object({
  role: z.string(),
  content: lenient(z.string()),
  timestamp: moment,
  files: lenient(z.array(z.unknown())),
});

/** A chat of Open WebUI's export; null when it is not one. */
export function chatFromOpenWebUi(value: unknown): ForeignChat | null {
  const source = openWebUiSchema.safeParse(value).data;
  if (!source) return null;
  const createdAtMs = momentMs(source.created_at, Date.now());
  let leftOut = 0;
  const nodes = Object.entries(source.chat.history.messages).map(([id, node]): ForeignNode => {
    const message = openWebUiMessageSchema.safeParse(node).data;
    leftOut += message ? (message.files?.length ?? 0) + (message.content === undefined ? 1 : 0) : 1;
    return {
      id,
      parentId: parentSchema.safeParse(node).data?.parentId ?? null,
      role: message?.role ?? "",
      text: message?.content ?? "",
      createdAtMs: momentMs(message?.timestamp, createdAtMs),
    };
  });
  return foreignChat({
    id: source.id,
    title: source.title ?? source.chat.title,
    createdAtMs,
    updatedAtMs: momentMs(source.updated_at, createdAtMs),
    pinned: source.pinned ?? false,
    nodes,
    currentId: source.chat.history.currentId,
    leftOut,
  });
}

const SECONDS_END = 1e11;
/** The last moment that Date can represent. */
const MAX_MOMENT_MS = 8.64e15;

/** Accepts seconds, milli-, micro- or nanoseconds since 1970, or a date in words; returns milliseconds since 1970. */
function momentMs(value: unknown, fallbackMs: number): number {
  if (typeof value === "string") return momentMs(Date.parse(value) / 1000, fallbackMs);
  if (typeof value !== "number" || !Number.isFinite(value)) return fallbackMs;
  let seconds = value;
  while (seconds >= SECONDS_END) seconds /= 1000;
  const ms = Math.round(seconds * 1000);
  return Math.abs(ms) <= MAX_MOMENT_MS ? ms : fallbackMs;
}

interface ForeignParts {
  readonly id: string | undefined;
  readonly title: string | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly pinned: boolean;
  readonly nodes: readonly ForeignNode[];
  readonly currentId: string | undefined;
  readonly leftOut: number;
}

/** Keeps the other program's id, so that a second import of the same file is recognised. */
function foreignChat({ id, title, nodes, currentId, leftOut, ...dates }: ForeignParts): ForeignChat {
  const { messages, newIds } = importedMessages(nodes);
  return {
    chat: {
      ...blankChat(chatIdSchema.safeParse(id).data ?? crypto.randomUUID()),
      ...dates,
      title: beginningOf((title ?? "").trim(), MAX_TITLE_CHARACTERS) || "Imported chat",
      titleSource: "user",
      headId: (currentId !== undefined && newIds.get(currentId)) || (messages.at(-1)?.id ?? null),
    },
    messages,
    leftOut,
  };
}
