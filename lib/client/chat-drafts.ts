/** A message that was begun survives a reload. A full or forbidden storage costs only that. */
const keyOf = (chatId: string | null): string => `headroom.draft.${chatId ?? "new"}`;

export function readDraft(chatId: string | null): string {
  try {
    return localStorage.getItem(keyOf(chatId)) ?? "";
  } catch {
    return "";
  }
}

export function writeDraft(chatId: string | null, text: string): void {
  try {
    if (text === "") localStorage.removeItem(keyOf(chatId));
    else localStorage.setItem(keyOf(chatId), text);
  } catch {
    // Private windows and full disks.
  }
}
