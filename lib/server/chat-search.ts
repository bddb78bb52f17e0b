import type { ChatHit } from "@/lib/schema/chat";

/** Marks around a match in a snippet: no text that a person types holds them. */
const MATCH_START = "\u0001";
const MATCH_END = "\u0002";
const SNIPPET_TOKENS = 14;

/** A chat with many matches shows its latest ones only. */
const HITS_PER_CHAT = 3;

export interface ChatSearchRow {
  readonly chatId: string;
  readonly title: string;
  readonly messageId: string | null;
  readonly snippet: string;
  readonly updatedAtMs: number;
}

interface Statement {
  readonly sql: string;
  readonly values: (string | number)[];
}

/** Scripts without spaces between words: the index holds a whole clause as one word there. */
const UNSPACED_SCRIPT =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/** Each word as a quoted prefix, so that no character of it is an operator of FTS5. */
const matchExpression = (query: string): string =>
  (query.match(/[\p{L}\p{N}_]+/gu) ?? []).map(word => `"${word}"*`).join(" ");

const likePattern = (query: string): string => `%${query.replaceAll(/[\\%_]/g, "\\$&")}%`;

const hitColumns = "chat.id AS chatId, chat.title AS title, chat.updated_at_ms AS updatedAtMs";

/** Latest first and cut by the limit: with a rank, a common word would have to be scored in every message. */
function textStatement(query: string, limit: number): Statement {
  const match = matchExpression(query);
  if (match !== "" && !UNSPACED_SCRIPT.test(query)) {
    return {
      sql: `SELECT ${hitColumns}, message.id AS messageId,
          snippet(message_text, 0, '${MATCH_START}', '${MATCH_END}', '…', ${SNIPPET_TOKENS}) AS snippet
        FROM message_text
        CROSS JOIN message ON message.key = message_text.rowid
        CROSS JOIN chat ON chat.id = message.chat_id AND chat.deleted_at_ms IS NULL
        WHERE message_text MATCH ? ORDER BY message_text.rowid DESC LIMIT ?`,
      values: [match, limit * HITS_PER_CHAT],
    };
  }
  return {
    sql: `SELECT ${hitColumns}, message.id AS messageId, substr(message.text, max(1, instr(message.text, ?) - 30), 90) AS snippet
      FROM message CROSS JOIN chat ON chat.id = message.chat_id AND chat.deleted_at_ms IS NULL
      WHERE message.text LIKE ? ESCAPE '\\' ORDER BY message.key DESC LIMIT ?`,
    values: [query, likePattern(query), limit * HITS_PER_CHAT],
  };
}

export function searchStatement(query: string, limit: number): { titles: Statement; texts: Statement } {
  return {
    titles: {
      sql: `SELECT ${hitColumns}, NULL AS messageId, '' AS snippet FROM chat
        WHERE deleted_at_ms IS NULL AND title LIKE ? ESCAPE '\\' ORDER BY updated_at_ms DESC LIMIT ?`,
      values: [likePattern(query), limit],
    },
    texts: textStatement(query, limit),
  };
}

/** Chats by their title first, then by their messages, at most a few a chat. */
export function searchHits(
  titles: readonly ChatSearchRow[],
  texts: readonly ChatSearchRow[],
  limit: number,
): ChatHit[] {
  const shown = new Map<string, number>();
  const kept = texts.filter(row => {
    const count = (shown.get(row.chatId) ?? 0) + 1;
    shown.set(row.chatId, count);
    return count <= HITS_PER_CHAT;
  });
  return [...titles, ...kept]
    .slice(0, limit)
    .map(({ chatId, title, messageId, snippet, updatedAtMs }) => ({ chatId, title, messageId, snippet, updatedAtMs }));
}
