import { blankMessage, type ChatMessage, chatIdSchema } from "@/lib/schema/chat";

/** A node of another program's tree. Roles other than user and assistant are skipped. */
export interface ForeignNode {
  readonly id: string;
  readonly parentId: string | null;
  readonly role: string;
  readonly text: string;
  readonly createdAtMs: number;
}

/**
 * Parents before children, user and assistant in turn. A chain of answers (with a tool between) becomes one answer. If such
 * a chain branches, an empty message of the other side is put between.
 */
export function importedMessages(nodes: readonly ForeignNode[]): {
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
  /** The place of a node in our tree. A skipped node has its parent's place. */
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
