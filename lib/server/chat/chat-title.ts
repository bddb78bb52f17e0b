import type { RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { toString as plainText } from "mdast-util-to-string";
import { beginningOf } from "@/lib/units/graphemes";
import type { ChatStore } from "./chat-store";

const MAX_TITLE_CHARACTERS = 56;
/** A title is made from the beginning of a message, which may have a million characters. */
const MAX_READ_CHARACTERS = 2000;
/** A greeting says nothing about what follows. */
const MIN_TELLING_CHARACTERS = 12;

/**
 * The words of a message's first part that says something: a heading or a paragraph without its markup, or the first line of code
 * if there is nothing else. The parser that shows messages reads it, so `#include`, `*p`, `snake_case` and `a < b` stay unchanged.
 */
function firstWords(text: string): string {
  const { children } = fromMarkdown(text.slice(0, MAX_READ_CHARACTERS));
  let telling: RootContent | undefined =
    children.find(({ type }) => type !== "code" && type !== "thematicBreak") ?? children[0];
  while (telling?.type === "list" || telling?.type === "listItem" || telling?.type === "blockquote")
    telling = telling.children[0];
  if (telling === undefined) return "";
  const words = plainText(telling);
  return (telling.type === "code" ? (words.trim().split("\n")[0] ?? "") : words).replaceAll(/\s+/g, " ").trim();
}

function firstSentence(text: string): string {
  const plain = firstWords(text);
  const end = plain.search(/[.!?。！？](?:\s|$)/);
  return end < 0 ? plain : plain.slice(0, end + (/[?？]/.test(plain[end] ?? "") ? 1 : 0));
}

function shortened(text: string): string {
  const cut = beginningOf(text, MAX_TITLE_CHARACTERS);
  if (cut.length === text.length) return text;
  const lastSpace = cut.lastIndexOf(" ");
  return `${(lastSpace > MAX_TITLE_CHARACTERS / 2 ? cut.slice(0, lastSpace) : cut).replace(/[\s,;:–-]+$/, "")}…`;
}

/**
 * A title from the first exchange: the question's first sentence, or the answer's where the question is only a greeting.
 * The model is not asked: that would take time and push the chat out of the engine's cache.
 *
 * @returns null when neither says anything yet
 */
export function chatTitle(question: string, answer: string): string | null {
  const asked = firstSentence(question);
  const answered = firstSentence(answer);
  const telling = asked.length < MIN_TELLING_CHARACTERS && answered.length > asked.length ? answered : asked;
  return telling === "" ? null : shortened(telling);
}

/** Names a chat after its first exchange. Later exchanges change nothing, and a title from the user is never replaced. */
export function nameChat(store: ChatStore, chatId: string, replyId: string): void {
  const reply = store.message(chatId, replyId);
  const asked = reply.parentId === null ? null : store.message(chatId, reply.parentId);
  if (!asked || asked.parentId !== null) return;
  const title = chatTitle(asked.text || (asked.attachments[0]?.name ?? ""), reply.text);
  if (title !== null) store.retitle(chatId, title);
}
