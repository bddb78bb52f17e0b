import type { ChatMessage } from "@/lib/schema/chat";

/** One message of the shown branch, and its position among its versions. */
export interface ShownMessage {
  readonly message: ChatMessage;
  /** From 1. */
  readonly version: number;
  readonly versions: number;
}

/** `messages` hold parents before children, versions in the order they were made. */
function childrenByParent(messages: readonly ChatMessage[]): Map<string | null, ChatMessage[]> {
  const children = new Map<string | null, ChatMessage[]>();
  for (const message of messages) {
    const siblings = children.get(message.parentId);
    if (siblings) siblings.push(message);
    else children.set(message.parentId, [message]);
  }
  return children;
}

/**
 * The messages from the first one to `headId`.
 *
 * @param previous the rows shown before. Rows that did not change are returned as the same objects, so that they need not render
 */
export function shownBranch(
  messages: readonly ChatMessage[],
  headId: string | null,
  previous: readonly ShownMessage[] = [],
): readonly ShownMessage[] {
  const byId = new Map(messages.map(message => [message.id, message]));
  const children = childrenByParent(messages);
  const rows: ShownMessage[] = [];
  for (let message = byId.get(headId ?? ""); message; message = byId.get(message.parentId ?? "")) {
    const siblings = children.get(message.parentId) ?? [message];
    rows.push({ message, version: siblings.indexOf(message) + 1, versions: siblings.length });
  }
  rows.reverse();
  return rows.map((row, index) => {
    const before = previous[index];
    const isSame =
      before?.message === row.message && before.version === row.version && before.versions === row.versions;
    return isSame ? before : row;
  });
}

/** The version `steps` further of a message, or null at either end. */
export function neighbourVersion(messages: readonly ChatMessage[], messageId: string, steps: 1 | -1): string | null {
  const message = messages.find(({ id }) => id === messageId);
  if (!message) return null;
  const siblings = messages.filter(({ parentId }) => parentId === message.parentId);
  return siblings[siblings.indexOf(message) + steps]?.id ?? null;
}

/** The end of the branch that goes on from a message: its latest child, that one's latest child, and so on. */
export function leafBelow(messages: readonly ChatMessage[], messageId: string): string {
  const children = childrenByParent(messages);
  let leafId = messageId;
  for (let next = children.get(leafId)?.at(-1); next; next = children.get(leafId)?.at(-1)) leafId = next.id;
  return leafId;
}
