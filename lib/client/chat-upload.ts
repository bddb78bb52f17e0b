import type * as z from "zod/mini";
import { type ChatImport, chatImportAnswerSchema } from "@/lib/schema/chat";
import { MIB } from "@/lib/units/bytes";
import { apiRequest } from "./api-request";
import { parseChatFile } from "./chat-import";

/** Well below what the server takes in one body. */
const BATCH_CHARACTERS = 2 * MIB;

type Outcome = z.infer<typeof chatImportAnswerSchema>;

/** Sends the chats of an exported file, some at a time: other programs' exports may be larger than one request. */
export async function uploadChats(file: File): Promise<Outcome> {
  const total: Outcome = { imported: 0, refused: [] };
  for (const chats of batches(parseChatFile(await file.text()))) {
    const request = {
      path: "/api/chats/import",
      method: "POST",
      body: { chats },
      schema: chatImportAnswerSchema,
    } as const;
    const { imported, refused } = await apiRequest(request);
    total.imported += imported;
    total.refused.push(...refused);
  }
  return total;
}

function batches(chats: ChatImport["chats"]): ChatImport["chats"][] {
  const all: ChatImport["chats"][] = [];
  let batch: ChatImport["chats"] = [];
  let batchCharacters = 0;
  for (const chat of chats) {
    const characters = JSON.stringify(chat).length;
    if (batch.length > 0 && batchCharacters + characters > BATCH_CHARACTERS) {
      all.push(batch);
      batch = [];
      batchCharacters = 0;
    }
    batch.push(chat);
    batchCharacters += characters;
  }
  return batch.length > 0 ? [...all, batch] : all;
}
