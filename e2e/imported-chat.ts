import { randomUUID } from "node:crypto";
import { type APIRequestContext, expect } from "@playwright/test";
import { blankChat, blankMessage, type ImportedChat } from "@/lib/schema/chat";

const LONG_AGO_MS = 1_700_000_000_000;

/** A chat that nobody had: `texts` in turn from the user and the model. */
export function chatOf(id: string, title: string, texts: readonly string[]): ImportedChat {
  const idOf = (index: number) => `${id.slice(0, 8)}-${index}`;
  const messages = texts.map((text, index) =>
    blankMessage({
      id: idOf(index),
      parentId: index === 0 ? null : idOf(index - 1),
      role: index % 2 === 0 ? "user" : "assistant",
      status: "complete",
      text,
      createdAtMs: LONG_AGO_MS + index,
    }),
  );
  const headId = messages.at(-1)?.id ?? null;
  const dates = { createdAtMs: LONG_AGO_MS, updatedAtMs: Date.now() };
  return { chat: { ...blankChat(id), title, titleSource: "user", headId, ...dates }, messages };
}

/** The same, in the server's history. @returns its id */
export async function importedChat(request: APIRequestContext, title: string, texts: readonly string[], baseUrl = "") {
  const id = randomUUID();
  const response = await request.post(`${baseUrl}/api/chats/import`, { data: { chats: [chatOf(id, title, texts)] } });
  expect(await response.json()).toEqual({ imported: 1, existing: [], refused: [] });
  return id;
}
