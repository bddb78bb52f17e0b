import { createStore, del, get, set } from "idb-keyval";
import * as z from "zod/mini";
import { attachmentSchema } from "@/lib/schema/chat";

/** The kept part of a draft's files: the text of files that were read, and the names of the others. */
const keptFilesSchema = z.object({ attachments: z.array(attachmentSchema), unread: z.array(z.string()) });
export type KeptFiles = z.output<typeof keptFilesSchema>;

/** Where drafts survive the page. Everything may fail: a full disk, a private window, a storage that hangs. */
export interface DraftStorage {
  readonly readText: (key: string) => string;
  readonly writeText: (key: string, text: string) => void;
  readonly readFiles: (key: string) => Promise<KeptFiles>;
  readonly writeFiles: (key: string, files: KeptFiles) => Promise<void>;
}

/** A database that another tab or a browser fault blocks never answers. A message must not wait for it. */
const ANSWER_LIMIT_MS = 3000;

class StorageSilentError extends Error {
  override readonly name = "StorageSilentError";
}

/** Why a draft is not kept, as the end of a sentence. */
export function storageWords(error: unknown): string {
  if (error instanceof StorageSilentError) return "the browser's storage does not answer";
  const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
  return isFull ? "the browser's storage is full" : "the browser does not let its storage be used";
}

async function inTime<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StorageSilentError()), ANSWER_LIMIT_MS);
  });
  return await Promise.race([answer, silence]).finally(() => clearTimeout(timer));
}

const textKey = (key: string): string => `headroom.draft.${key}`;
const filesStore = createStore("headroom", "draft-files");

/** Text is available at once; files may be large and come a moment later. */
export const browserDraftStorage: DraftStorage = {
  readText: key => localStorage.getItem(textKey(key)) ?? "",
  writeText: (key, text) =>
    text === "" ? localStorage.removeItem(textKey(key)) : localStorage.setItem(textKey(key), text),
  readFiles: async key => {
    const kept: unknown = await inTime(get(key, filesStore));
    return kept === undefined ? { attachments: [], unread: [] } : keptFilesSchema.parse(kept);
  },
  writeFiles: (key, files) => {
    const isEmpty = files.attachments.length + files.unread.length === 0;
    return inTime(isEmpty ? del(key, filesStore) : set(key, files, filesStore));
  },
};
