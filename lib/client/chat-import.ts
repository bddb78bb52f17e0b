import * as z from "zod/mini";
import { blankMessage, type ChatImport, type ChatMessage, chatIdSchema, chatImportSchema } from "@/lib/schema/chat";
import { blankChat } from "./chat-session";

type ImportedChat = ChatImport["chats"][number];

/** The file is none of those that are understood. */
export class ChatFileError extends Error {
  override readonly name = "ChatFileError";
}

const seconds = z.nullish(z.number());

/** ChatGPT's conversations.json. Content other than text (pictures, tools) has parts that are no strings. */
const chatGptSchema = z.array(
  z.object({
    title: z.nullish(z.string()),
    create_time: seconds,
    update_time: seconds,
    current_node: z.nullish(z.string()),
    mapping: z.record(
      z.string(),
      z.object({
        id: z.string(),
        parent: z.nullish(z.string()),
        message: z.nullish(
          z.object({
            author: z.object({ role: z.string() }),
            create_time: seconds,
            content: z.object({ content_type: z.string(), parts: z.optional(z.array(z.unknown())) }),
          }),
        ),
      }),
    ),
  }),
);

/** Open WebUI's export of all chats. */
const openWebUiSchema = z.array(
  z.object({
    title: z.nullish(z.string()),
    created_at: seconds,
    updated_at: seconds,
    pinned: z.nullish(z.boolean()),
    chat: z.object({
      title: z.nullish(z.string()),
      history: z.object({
        currentId: z.nullish(z.string()),
        messages: z.record(
          z.string(),
          z.object({
            id: z.string(),
            parentId: z.nullish(z.string()),
            role: z.string(),
            content: z.nullish(z.string()),
            timestamp: seconds,
          }),
        ),
      }),
    }),
  }),
);

/** A node of another program's tree. Roles other than user and assistant are passed over. */
interface ForeignNode {
  readonly id: string;
  readonly parentId: string | null;
  readonly role: string;
  readonly text: string;
  readonly createdAtMs: number;
}

/**
 * The chats in an exported file: our own, ChatGPT's or Open WebUI's.
 *
 * @throws ChatFileError
 */
export function parseChatFile(text: string): ImportedChat[] {
  const json = parseJson(text);
  const own = chatImportSchema.safeParse(json);
  if (own.success) return own.data.chats;
  const chatGpt = chatGptSchema.safeParse(json);
  if (chatGpt.success) return chatGpt.data.map(fromChatGpt);
  const openWebUi = openWebUiSchema.safeParse(json);
  if (openWebUi.success) return openWebUi.data.map(fromOpenWebUi);
  throw new ChatFileError("This is no export of Headroom, ChatGPT (conversations.json) or Open WebUI.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ChatFileError("This file is not JSON. Unpack an archive first, and choose the .json file in it.", {
      cause,
    });
  }
}

const toMs = (atSeconds: number | null | undefined, fallbackMs: number): number =>
  atSeconds == null ? fallbackMs : Math.round(atSeconds * 1000);

function fromChatGpt(source: z.infer<typeof chatGptSchema>[number]): ImportedChat {
  const createdAtMs = toMs(source.create_time, Date.now());
  const nodes = Object.values(source.mapping).map(({ id, parent, message }) => ({
    id,
    parentId: parent ?? null,
    role: message?.author.role ?? "",
    text: (message?.content.parts ?? []).filter(part => typeof part === "string").join("\n\n"),
    createdAtMs: toMs(message?.create_time, createdAtMs),
  }));
  const updatedAtMs = toMs(source.update_time, createdAtMs);
  return importedChat({ title: source.title, createdAtMs, updatedAtMs, pinned: false }, nodes, source.current_node);
}

function fromOpenWebUi(source: z.infer<typeof openWebUiSchema>[number]): ImportedChat {
  const { history, title } = source.chat;
  const createdAtMs = toMs(source.created_at, Date.now());
  const nodes = Object.values(history.messages).map(({ id, parentId, role, content, timestamp }) => ({
    id,
    parentId: parentId ?? null,
    role,
    text: content ?? "",
    createdAtMs: toMs(timestamp, createdAtMs),
  }));
  const about = {
    title: source.title ?? title,
    createdAtMs,
    updatedAtMs: toMs(source.updated_at, createdAtMs),
    pinned: source.pinned ?? false,
  };
  return importedChat(about, nodes, history.currentId);
}

interface ForeignChat {
  readonly title: string | null | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly pinned: boolean;
}

function importedChat(
  { title, ...dates }: ForeignChat,
  nodes: readonly ForeignNode[],
  currentId: string | null | undefined,
): ImportedChat {
  const { messages, newIds } = importedMessages(nodes);
  return {
    chat: {
      ...blankChat(crypto.randomUUID()),
      ...dates,
      title: (title ?? "").trim().slice(0, 200) || "Imported chat",
      titleSource: "user",
      headId: (currentId && newIds.get(currentId)) || (messages.at(-1)?.id ?? null),
    },
    messages,
  };
}

/**
 * Parents before children, user and assistant in turn. A chain of answers (with a tool between) becomes one; where such a
 * chain branches, an empty message of the other side stands between.
 */
function importedMessages(nodes: readonly ForeignNode[]): {
  messages: ChatMessage[];
  newIds: Map<string, string | null>;
} {
  const ids = new Set(nodes.map(({ id }) => id));
  const children = new Map<string | null, ForeignNode[]>();
  for (const node of nodes) {
    const parentId = node.parentId !== null && ids.has(node.parentId) ? node.parentId : null;
    children.set(parentId, [...(children.get(parentId) ?? []), node]);
  }
  const messages = new Map<string, ChatMessage>();
  /** Where a node ended up; a skipped one at its parent's place. */
  const newIds = new Map<string, string | null>();
  const queue = [...(children.get(null) ?? [])];
  for (const node of queue) {
    queue.push(...(children.get(node.id) ?? []));
    const parentId = node.parentId === null ? null : (newIds.get(node.parentId) ?? null);
    newIds.set(node.id, placeNode(node, parentId, (children.get(node.parentId) ?? []).length, messages));
  }
  return { messages: [...messages.values()], newIds };
}

function placeNode(
  { id, role, text, createdAtMs }: ForeignNode,
  parentId: string | null,
  siblings: number,
  messages: Map<string, ChatMessage>,
): string | null {
  if ((role !== "user" && role !== "assistant") || text === "") return parentId;
  const parent = parentId === null ? undefined : messages.get(parentId);
  const add = (message: ChatMessage) => messages.set(message.id, message);
  const blank = { status: "complete", createdAtMs } as const;
  if (parent?.role === role && siblings === 1) {
    add({ ...parent, text: `${parent.text}\n\n${text}` });
    return parent.id;
  }
  const newId = chatIdSchema.safeParse(id).success && !messages.has(id) ? id : crypto.randomUUID();
  if (parent?.role === role) {
    const between = crypto.randomUUID();
    add(blankMessage({ ...blank, id: between, parentId, role: role === "user" ? "assistant" : "user" }));
    add(blankMessage({ ...blank, id: newId, parentId: between, role, text }));
  } else add(blankMessage({ ...blank, id: newId, parentId, role, text }));
  return newId;
}
