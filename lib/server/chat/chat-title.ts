import type { ChatStore } from "./chat-store";

const MAX_TITLE_CHARACTERS = 56;
/** A greeting says nothing about what follows. */
const MIN_TELLING_CHARACTERS = 12;

const withoutMarkdown = (text: string): string =>
  text
    .replaceAll(/```[\s\S]*?(?:```|$)/g, " ")
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/[*_`~#>|]+/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();

function firstSentence(text: string): string {
  const plain = withoutMarkdown(text);
  const end = plain.search(/[.!?。！？](?:\s|$)/);
  return end < 0 ? plain : plain.slice(0, end + (/[?？]/.test(plain[end] ?? "") ? 1 : 0));
}

function shortened(text: string): string {
  if (text.length <= MAX_TITLE_CHARACTERS) return text;
  const cut = text.slice(0, MAX_TITLE_CHARACTERS);
  const lastSpace = cut.lastIndexOf(" ");
  return `${(lastSpace > MAX_TITLE_CHARACTERS / 2 ? cut.slice(0, lastSpace) : cut).replace(/[\s,;:–-]+$/, "")}…`;
}

/**
 * A title from the first exchange: the question's first sentence, or the answer's where the question is only a greeting.
 * Not asked of the model: that would take its time and push the chat out of the engine's cache.
 *
 * @returns null when neither says anything yet
 */
export function chatTitle(question: string, answer: string): string | null {
  const asked = firstSentence(question);
  const answered = firstSentence(answer);
  const telling = asked.length < MIN_TELLING_CHARACTERS && answered.length > asked.length ? answered : asked;
  return telling === "" ? null : shortened(telling);
}

/** Names a chat for its first exchange; later ones, and titles that the user gave, change nothing. */
export function nameChat(store: ChatStore, chatId: string, replyId: string): void {
  const reply = store.message(chatId, replyId);
  const asked = reply.parentId === null ? null : store.message(chatId, reply.parentId);
  if (!asked || asked.parentId !== null) return;
  const title = chatTitle(asked.text || (asked.attachments[0]?.name ?? ""), reply.text);
  if (title !== null) store.retitle(chatId, title);
}
