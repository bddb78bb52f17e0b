import type { ListedChat } from "@/lib/schema/chat";

export interface ChatGroup {
  readonly label: string;
  readonly isFolder: boolean;
  readonly chats: readonly ListedChat[];
}

const DAY_MS = 24 * 60 * 60_000;

/** Midnight at the start of the user's day, in their time zone. */
const startOfDay = (atMs: number): number => new Date(atMs).setHours(0, 0, 0, 0);

function dateLabel(atMs: number, nowMs: number): string {
  // Rounded: a day with a clock change has 23 or 25 hours.
  const daysAgo = Math.round((startOfDay(nowMs) - startOfDay(atMs)) / DAY_MS);
  if (daysAgo <= 0) return "Today";
  if (daysAgo === 1) return "Yesterday";
  if (daysAgo < 7) return "Last 7 days";
  if (daysAgo < 30) return "Last 30 days";
  return new Date(atMs).toLocaleDateString("en", { month: "long", year: "numeric" });
}

/** Map.groupBy is not in Node 20. */
function groupedBy(chats: readonly ListedChat[], labelOf: (chat: ListedChat) => string): Map<string, ListedChat[]> {
  const groups = new Map<string, ListedChat[]>();
  for (const chat of chats) groups.set(labelOf(chat), [...(groups.get(labelOf(chat)) ?? []), chat]);
  return groups;
}

/** Pinned chats first, then folders by name, then the rest by date. `chats` are sorted with the latest first. */
export function groupChats(chats: readonly ListedChat[], nowMs: number): ChatGroup[] {
  const pinned = chats.filter(chat => chat.pinned);
  const loose = chats.filter(chat => !chat.pinned);
  const folders = groupedBy(
    loose.filter(chat => chat.folder !== null),
    chat => chat.folder ?? "",
  );
  const dates = groupedBy(
    loose.filter(chat => chat.folder === null),
    chat => dateLabel(chat.updatedAtMs, nowMs),
  );
  return [
    ...(pinned.length > 0 ? [{ label: "Pinned", isFolder: false, chats: pinned }] : []),
    ...[...folders]
      .sort(([left], [right]) => left.localeCompare(right))
      .map(([label, inside]) => ({ label, isFolder: true, chats: inside })),
    ...[...dates].map(([label, inside]) => ({ label, isFolder: false, chats: inside })),
  ];
}

export const folderNames = (chats: readonly ListedChat[]): string[] =>
  [...new Set(chats.flatMap(chat => chat.folder ?? []))].sort((left, right) => left.localeCompare(right));
