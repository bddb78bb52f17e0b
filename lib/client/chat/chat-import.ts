import { JSONParser } from "@streamparser/json";
import * as z from "zod/mini";
import { CHAT_EXPORT_VERSION, type ImportedChat, importedChatSchema } from "@/lib/schema/chat";
import { chatFromChatGpt, chatFromOpenWebUi } from "./foreign-chats";

/** One conversation of an exported file, or why it is not one. */
export type FileEntry =
  | {
      readonly kind: "chat";
      readonly chat: ImportedChat;
      /** Number of pictures, files and tool outputs of another program's chat for which we have no text. */
      readonly leftOut: number;
    }
  | { readonly kind: "refused"; readonly title: string; readonly reason: string };

/** The file has no known format, or it is damaged from here on. */
export class ChatFileError extends Error {
  override readonly name = "ChatFileError";
}

/**
 * The chats of an exported file one by one: our own, ChatGPT's or Open WebUI's. The file is never completely in memory. An
 * unreadable conversation is an entry of its own and does not stop the others.
 *
 * @throws ChatFileError, after the entries that stand before the damage
 */
export async function* chatsInFile(file: Blob): AsyncGenerator<FileEntry> {
  let isKnown = false;
  let strange: FileEntry[] = [];
  for await (const value of valuesOf(file)) {
    const shape = shapeOf(value);
    isKnown ||= shape.kind !== null;
    if (!isKnown) strange.push(entryOf(shape, value));
    else {
      yield* strange;
      strange = [];
      yield entryOf(shape, value);
    }
  }
  if (isKnown) return;
  throw new ChatFileError("This is no export of Headroom, ChatGPT (conversations.json) or Open WebUI.");
}

/** The entries of the file's list of chats, parsed while it is read. */
async function* valuesOf(file: Blob): AsyncGenerator<unknown> {
  const paths = (await firstCharacter(file)) === "[" ? ["$.*"] : ["$.version", "$.chats.*"];
  const parser = new JSONParser({ paths, keepStack: false });
  let found: unknown[] = [];
  parser.onValue = ({ key, value }) => {
    if (key === "version" && typeof value === "number") requireVersion(value);
    else found.push(value);
  };
  const reader = file.stream().getReader();
  try {
    for (let isFirst = true; ; isFirst = false) {
      const { done, value } = await reader.read();
      const failure = failureOf(() => {
        if (!done) parser.write(isFirst ? withoutByteOrderMark(value) : value);
        else if (!parser.isEnded) parser.end();
      });
      yield* found;
      found = [];
      if (failure) throw failure;
      if (done) return;
    }
  } finally {
    await reader.cancel();
  }
}

const SPACE_AND_MARK = /^[\s\uFEFF]+/u;

/** @throws ChatFileError if a list or an object cannot begin like this */
async function firstCharacter(file: Blob): Promise<string> {
  const beginning = (await file.slice(0, 1024).text()).replace(SPACE_AND_MARK, "");
  const character = beginning.charAt(0);
  if (character === "[" || character === "{") return character;
  throw new ChatFileError("This file is not JSON. Unpack an archive first, and choose the .json file in it.");
}

const withoutByteOrderMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

function requireVersion(version: number): void {
  if (version <= CHAT_EXPORT_VERSION) return;
  throw new ChatFileError(`A newer Headroom wrote this file (version ${version}). Update Headroom, then import it.`);
}

function failureOf(parse: () => void): ChatFileError | null {
  try {
    parse();
    return null;
  } catch (cause) {
    if (cause instanceof ChatFileError) return cause;
    return new ChatFileError("The file is damaged or cut off. What stands before the damage was read.", { cause });
  }
}

const optionalTitle = z.catch(z.optional(z.string()), undefined);
const shapeSchema = z.object({
  title: optionalTitle,
  messages: z.optional(z.unknown()),
  mapping: z.optional(z.unknown()),
  chat: z.catch(z.optional(z.object({ title: optionalTitle, history: z.optional(z.unknown()) })), undefined),
});

interface Shape {
  readonly kind: "own" | "ChatGPT" | "Open WebUI" | null;
  readonly title: string;
}

/** Which program's conversation this looks like. */
function shapeOf(value: unknown): Shape {
  const { title, chat, messages, mapping } = shapeSchema.safeParse(value).data ?? {};
  const shownTitle = title ?? chat?.title ?? "A chat without a title";
  if (mapping !== undefined) return { kind: "ChatGPT", title: shownTitle };
  if (chat?.history !== undefined) return { kind: "Open WebUI", title: shownTitle };
  return { kind: chat !== undefined && messages !== undefined ? "own" : null, title: shownTitle };
}

function entryOf({ kind, title }: Shape, value: unknown): FileEntry {
  if (kind === null) return { kind: "refused", title, reason: "It is not a conversation." };
  if (kind === "own") return checkedEntry(title, value, 0);
  const foreign = kind === "ChatGPT" ? chatFromChatGpt(value) : chatFromOpenWebUi(value);
  if (foreign === null) return { kind: "refused", title, reason: `It is not a conversation as ${kind} writes it.` };
  if (foreign.messages.length === 0) return { kind: "refused", title, reason: "It has no text." };
  return checkedEntry(title, foreign, foreign.leftOut);
}

function checkedEntry(title: string, value: unknown, leftOut: number): FileEntry {
  const parsed = importedChatSchema.safeParse(wellFormed(value));
  if (parsed.success) return { kind: "chat", chat: { ...parsed.data, continues: false }, leftOut };
  const place = parsed.error.issues[0]?.path.join(".") ?? "";
  return { kind: "refused", title, reason: `“${place}” in it is not as Headroom writes it.` };
}

const LONE_SURROGATE = /\p{Surrogate}/gu;

/** Half characters, which JSON can spell and UTF-8 cannot, become the replacement character. */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(LONE_SURROGATE, "\uFFFD");
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, wellFormed(inner)]));
}
