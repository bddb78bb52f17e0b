import * as z from "zod";
import type { HubRepository, HubSort } from "@/lib/schema/models/remote-models";
import { askHub } from "./hub-answer";
import { searchWords } from "./remote-address";
import type { RemoteHeaderOptions } from "./remote-header";
import { HUB_NAME } from "./remote-source";

const MOST_FOUND = 30;
const MAX_WORDS_CHARACTERS = 200;
const MAX_TEXT_CHARACTERS = 120;

const hubSortKeys: Readonly<Record<HubSort, string>> = {
  trending: "trendingScore",
  downloads: "downloads",
  likes: "likes",
  newest: "lastModified",
};

/** The fields that are shown. Asked for by name: the usual answer has each repository's list of files as well. */
const FIELDS = ["author", "downloads", "likes", "gated", "lastModified", "tags", "gguf"];

const count = z.number().int().min(0).catch(0);
const repositorySchema = z.object({
  id: z.string(),
  author: z.string().nullish().catch(null),
  downloads: count.default(0),
  likes: count.default(0),
  gated: z.union([z.boolean(), z.string()]).catch(false).default(false),
  lastModified: z.string().nullish().catch(null),
  tags: z.array(z.string()).catch([]).default([]),
  gguf: z.object({ total: count.optional(), context_length: count.optional() }).nullish().catch(null),
});

/**
 * Repositories of the hub with GGUF files whose names hold these words.
 *
 * @throws RemoteHeaderError
 */
export async function searchHub(words: string, sort: HubSort, options: RemoteHeaderOptions): Promise<HubRepository[]> {
  const query = new URLSearchParams({
    search: searchWords(words).slice(0, MAX_WORDS_CHARACTERS),
    filter: "gguf",
    sort: hubSortKeys[sort],
    direction: "-1",
    limit: String(MOST_FOUND),
  });
  for (const field of FIELDS) query.append("expand[]", field);
  const { answer } = await askHub(
    { path: `api/models?${query}`, subject: "search", schema: z.array(z.unknown()) },
    options,
  );
  return answer.slice(0, MOST_FOUND).flatMap(entry => repositoryOf(entry, options.endpoint) ?? []);
}

/** null for an entry that is none, or whose name is no name of a repository: it would lead elsewhere. */
function repositoryOf(entry: unknown, endpoint: string): HubRepository | null {
  const parsed = repositorySchema.safeParse(entry);
  if (!parsed.success) return null;
  const { id, author, downloads, likes, gated, lastModified, tags, gguf } = parsed.data;
  const [owner = "", name = "", ...more] = id.split("/");
  if (!HUB_NAME.test(owner) || !HUB_NAME.test(name) || more.length > 0) return null;
  const licence = tags.find(tag => tag.startsWith("license:"))?.slice("license:".length) ?? null;
  return {
    name: id,
    author: cleanText(author ?? owner),
    licence: licence === null ? null : cleanText(licence),
    isGated: gated !== false && gated !== "false",
    changedAt: lastModified && !Number.isNaN(Date.parse(lastModified)) ? lastModified : null,
    downloads,
    likes,
    parameters: gguf?.total || null,
    trainContextTokens: gguf?.context_length || null,
    page: `${endpoint.replace(/\/$/, "")}/${id}`,
  };
}

/** Text that anybody may have written: one line, without marks that turn the direction of what follows. */
const cleanText = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}]/gu, " ")
    .trim()
    .slice(0, MAX_TEXT_CHARACTERS);
