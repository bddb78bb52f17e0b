import type { ChatHit } from "@/lib/schema/chat";

/** A chat with many matches shows its latest ones only. */
const HITS_PER_CHAT = 2;
/** Matches that are looked at: a common word is in every chat, and the latest ones are wanted. */
const SEARCHED_ROWS = 3000;

export interface ChatSearchRow {
  readonly chatId: string;
  readonly title: string;
  readonly messageId: string | null;
  readonly text: string;
  readonly updatedAtMs: number;
}

interface Statement {
  readonly sql: string;
  readonly values: (string | number)[];
}

/** Scripts without spaces between words: the index holds a whole clause as one word there. */
const UNSPACED_SCRIPT =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}_]+/gu) ?? [];

/** Each word as a quoted prefix, so that no character of it is an operator of FTS5. */
const matchExpression = (query: string): string =>
  wordsOf(query)
    .map(word => `"${word}"*`)
    .join(" ");

const likePattern = (query: string): string => `%${query.replaceAll(/[\\%_]/g, "\\$&")}%`;

const hitColumns = "chat.id AS chatId, chat.title AS title, chat.updated_at_ms AS updatedAtMs";

/**
 * The latest messages that hold the words, a few a chat. Not the best ranked: for a common word every message would have
 * to be scored. Nor with FTS5's snippets, which take 10 ms a row for a short prefix.
 */
const INDEXED_SEARCH = `
  WITH recent AS (
    SELECT rowid AS key FROM message_text WHERE message_text MATCH ? ORDER BY rowid DESC LIMIT ${SEARCHED_ROWS}
  ), numbered AS (
    SELECT message.key, row_number() OVER (PARTITION BY message.chat_id ORDER BY message.key DESC) AS nth
    FROM recent
    CROSS JOIN message ON message.key = recent.key
    CROSS JOIN chat ON chat.id = message.chat_id AND chat.deleted_at_ms IS NULL
  )
  SELECT ${hitColumns}, message.id AS messageId, message.text AS text
  FROM (SELECT key FROM numbered WHERE nth <= ${HITS_PER_CHAT} ORDER BY key DESC LIMIT ?) AS chosen
  CROSS JOIN message ON message.key = chosen.key
  CROSS JOIN chat ON chat.id = message.chat_id
  ORDER BY message.key DESC`;

/** Reads every message: for what the index cannot find. */
const SCANNING_SEARCH = `
  SELECT ${hitColumns}, message.id AS messageId, message.text AS text
  FROM message CROSS JOIN chat ON chat.id = message.chat_id AND chat.deleted_at_ms IS NULL
  WHERE message.text LIKE ? ESCAPE '\\' ORDER BY message.key DESC LIMIT ?`;

const TITLE_SEARCH = `
  SELECT ${hitColumns}, NULL AS messageId, '' AS text FROM chat
  WHERE deleted_at_ms IS NULL AND title LIKE ? ESCAPE '\\' ORDER BY updated_at_ms DESC LIMIT ?`;

export function searchStatements(query: string, limit: number): { titles: Statement; texts: Statement } {
  const match = matchExpression(query);
  const isIndexed = match !== "" && !UNSPACED_SCRIPT.test(query);
  return {
    titles: { sql: TITLE_SEARCH, values: [likePattern(query), limit] },
    texts: isIndexed
      ? { sql: INDEXED_SEARCH, values: [match, limit] }
      : { sql: SCANNING_SEARCH, values: [likePattern(query), limit] },
  };
}

/** Chats by their title first, then by their messages. */
export const searchHits = (
  query: string,
  titles: readonly ChatSearchRow[],
  texts: readonly ChatSearchRow[],
  limit: number,
): ChatHit[] =>
  [...titles, ...texts].slice(0, limit).map(({ chatId, title, messageId, text, updatedAtMs }) => ({
    chatId,
    title,
    messageId,
    snippet: snippetOf(text, query),
    updatedAtMs,
  }));

/** Characters around the first match. */
const SNIPPET_BEFORE = 40;
const SNIPPET_AFTER = 110;

/** As the index compares: without accents and case. */
const folded = (text: string): string => text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();

/** Looks no further than it must: a message may be megabytes long. */
function firstWord(text: string, matches: (word: string) => boolean): number | null {
  for (const found of text.matchAll(/[\p{L}\p{N}_]+/gu)) if (matches(found[0])) return found.index;
  return null;
}

/** The text around the first match; the words that match stand between U+0001 and U+0002, which nobody types. */
function snippetOf(text: string, query: string): string {
  const wanted = wordsOf(query).map(folded);
  const matches = (word: string) => wanted.some(prefix => folded(word).startsWith(prefix));
  const first = firstWord(text, matches) ?? Math.max(0, text.indexOf(query));
  const start = first <= SNIPPET_BEFORE ? 0 : text.indexOf(" ", first - SNIPPET_BEFORE) + 1;
  const cut = text.slice(start, first + SNIPPET_AFTER).replaceAll(/\s+/g, " ");
  const marked = cut.replaceAll(/[\p{L}\p{N}_]+/gu, word => (matches(word) ? `\u0001${word}\u0002` : word));
  return `${start > 0 ? "…" : ""}${marked}${first + SNIPPET_AFTER < text.length ? "…" : ""}`;
}
