import type { ChatHit } from "@/lib/schema/chat";

/** A chat with many matches shows only its latest ones. */
const HITS_PER_CHAT = 2;
/** How many matches are looked at. A common word is in every chat, and the latest matches are wanted. */
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

/** Scripts without spaces between words: a word of two characters is searched for at any position. */
const UNSPACED_SCRIPT =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const WORD_CHARACTER = /[\p{L}\p{N}_]/u;
/** The index holds every sequence of three characters. */
const INDEXED_CHARACTERS = 3;

/** Folds text as the index does: without accents and case. */
const folded = (text: string): string => text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();

/**
 * Titles and messages follow one rule. The query is split at blanks. Each piece must occur in the text, in any order; case and accents
 * are ignored. Pieces of three or more characters match anywhere, also inside words. Shorter ones match at the beginning of a word; in a
 * script without spaces, and where they are not letters, they match anywhere. Quotes, brackets and stars around a piece are ignored.
 */
interface SearchTerm {
  readonly text: string;
  readonly place: "anywhere" | "word-start" | "scanned";
}

export function searchTerms(query: string): SearchTerm[] {
  const pieces = query
    .replaceAll(/\p{Cc}/gu, " ")
    .split(/\s+/)
    .filter(piece => piece !== "");
  const worded = pieces.filter(piece => WORD_CHARACTER.test(piece));
  const chosen =
    worded.length > 0
      ? worded.map(piece => piece.replace(/^["'([{*-]+/, "").replace(/["')\]}*,;:.!?-]+$/, ""))
      : pieces;
  return chosen.map(text => {
    if (Array.from(folded(text)).length >= INDEXED_CHARACTERS) return { text, place: "anywhere" };
    const isWord = Array.from(text).every(character => WORD_CHARACTER.test(character));
    return { text, place: isWord && !UNSPACED_SCRIPT.test(text) ? "word-start" : "scanned" };
  });
}

/** A quoted string of FTS5, in which no character is an operator. */
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const likePattern = (text: string): string => `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
const LIKE = "AND message.text LIKE ? ESCAPE '\\'";

const hitColumns = "chat.id AS chatId, chat.title AS title, chat.updated_at_ms AS updatedAtMs";

/**
 * The latest messages that contain the words, a few for each chat. They are not ranked: for a common word every message would have
 * to be scored. FTS5's snippets are not used either: they take 10 ms a row for a short prefix.
 */
export function textSearch(terms: readonly SearchTerm[], limit: number): Statement {
  const at = (place: SearchTerm["place"]) => terms.filter(term => term.place === place).map(({ text }) => text);
  const [anywhere, starts, scanned] = [at("anywhere"), at("word-start"), at("scanned")];
  const inside = anywhere.map(quoted).join(" ");
  const beginnings = starts.map(text => `${quoted(text)}*`).join(" ");
  const likes = scanned.map(() => LIKE).join(" ");
  const patterns = scanned.map(likePattern);
  const recent =
    inside !== ""
      ? `SELECT rowid AS key FROM message_trigram WHERE message_trigram MATCH ?${
          beginnings === "" ? "" : " AND rowid IN (SELECT rowid FROM message_text WHERE message_text MATCH ?)"
        } ORDER BY rowid DESC LIMIT ${SEARCHED_ROWS}`
      : beginnings !== ""
        ? `SELECT rowid AS key FROM message_text WHERE message_text MATCH ? ORDER BY rowid DESC LIMIT ${SEARCHED_ROWS}`
        : `SELECT key FROM message WHERE status <> 'pending' ${likes} ORDER BY key DESC LIMIT ${SEARCHED_ROWS}`;
  const isIndexed = inside !== "" || beginnings !== "";
  const matches = [inside, beginnings].filter(match => match !== "");
  return {
    sql: `
  WITH recent AS (${recent}), numbered AS (
    SELECT message.key, row_number() OVER (PARTITION BY message.chat_id ORDER BY message.key DESC) AS nth
    FROM recent
    CROSS JOIN message ON message.key = recent.key ${isIndexed ? likes : ""}
    CROSS JOIN chat ON chat.id = message.chat_id AND chat.deleted_at_ms IS NULL
  )
  SELECT ${hitColumns}, message.id AS messageId, message.text AS text
  FROM (SELECT key FROM numbered WHERE nth <= ${HITS_PER_CHAT} ORDER BY key DESC LIMIT ?) AS chosen
  CROSS JOIN message ON message.key = chosen.key
  CROSS JOIN chat ON chat.id = message.chat_id
  ORDER BY message.key DESC`,
    values: [...(isIndexed ? [...matches, ...patterns] : patterns), limit],
  };
}

/** Titles are short and few, so they are compared here, by the same rule. */
export const TITLE_ROWS = `
  SELECT ${hitColumns}, NULL AS messageId, '' AS text FROM chat
  WHERE deleted_at_ms IS NULL ORDER BY updated_at_ms DESC`;

function holdsTerms(title: string, terms: readonly SearchTerm[]): boolean {
  const text = folded(title);
  return terms.every(term => placeIn(text, term) >= 0);
}

/** Position of a term in a folded text; -1 when it is not there. */
function placeIn(foldedText: string, { text, place }: SearchTerm, from = 0): number {
  const needle = folded(text);
  let at = foldedText.indexOf(needle, from);
  while (place === "word-start" && at > 0 && WORD_CHARACTER.test(foldedText.charAt(at - 1)))
    at = foldedText.indexOf(needle, at + 1);
  return at;
}

/** Finds chats by title first, then by their messages. */
export const searchHits = (
  terms: readonly SearchTerm[],
  titles: readonly ChatSearchRow[],
  texts: readonly ChatSearchRow[],
  limit: number,
): ChatHit[] =>
  [...titles.filter(({ title }) => holdsTerms(title, terms)), ...texts]
    .slice(0, limit)
    .map(({ chatId, title, messageId, text, updatedAtMs }) => ({
      chatId,
      title,
      messageId,
      snippet: snippetOf(text, terms),
      updatedAtMs,
    }));

/** Characters around the first match. */
const SNIPPET_BEFORE = 40;
const SNIPPET_AFTER = 110;
/** A message may be megabytes long, so it is folded piece by piece and only up to the first match. */
const PIECE_CHARACTERS = 20_000;
const PIECE_OVERLAP = 100;

/** A text without accents and case, with the position of each of its characters in the original text. */
function foldedWithPlaces(text: string): { readonly folded: string; readonly places: readonly number[] } {
  let result = "";
  const places: number[] = [];
  let at = 0;
  for (const character of text) {
    const plain = folded(character);
    for (let unit = 0; unit < plain.length; unit++) places.push(at);
    result += plain;
    at += character.length;
  }
  places.push(at);
  return { folded: result, places };
}

function firstMatch(text: string, terms: readonly SearchTerm[]): number {
  for (let start = 0; start < text.length; start += PIECE_CHARACTERS - PIECE_OVERLAP) {
    const piece = foldedWithPlaces(text.slice(start, start + PIECE_CHARACTERS));
    const found = terms.map(term => placeIn(piece.folded, term)).filter(place => place >= 0);
    if (found.length > 0) return start + (piece.places[Math.min(...found)] ?? 0);
  }
  return 0;
}

/** The text around the first match. The match stands between U+0001 and U+0002, which nobody types. */
function snippetOf(text: string, terms: readonly SearchTerm[]): string {
  const first = firstMatch(text, terms);
  const start = first <= SNIPPET_BEFORE ? 0 : text.indexOf(" ", first - SNIPPET_BEFORE) + 1 || first;
  const cut = text.slice(Math.min(start, first), first + SNIPPET_AFTER).replaceAll(/\s+/g, " ");
  return `${start > 0 ? "…" : ""}${marked(cut, terms)}${first + SNIPPET_AFTER < text.length ? "…" : ""}`;
}

function marked(text: string, terms: readonly SearchTerm[]): string {
  const { folded: plain, places } = foldedWithPlaces(text);
  const isMatch = new Array<boolean>(text.length).fill(false);
  for (const term of terms) {
    const length = folded(term.text).length;
    for (let at = placeIn(plain, term); at >= 0 && length > 0; at = placeIn(plain, term, at + length))
      isMatch.fill(true, places[at], places[at + length]);
  }
  let result = "";
  for (let at = 0; at < text.length; at++) {
    if (isMatch[at] && !isMatch[at - 1]) result += "\u0001";
    result += text.charAt(at);
    if (isMatch[at] && !isMatch[at + 1]) result += "\u0002";
  }
  return result;
}
