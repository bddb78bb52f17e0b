import { randomUUID } from "node:crypto";
import { type APIRequestContext, expect } from "@playwright/test";

const message = (id: string, parentId: string | null, role: "user" | "assistant", text: string) => ({
  id,
  parentId,
  role,
  text,
  thought: "",
  thoughtMs: null,
  attachments: [],
  status: "complete",
  edited: false,
  error: null,
  stats: null,
  cut: null,
  createdAtMs: 1_700_000_000_000,
});

/** A chat that was not generated: `texts` in turn from the user and the model. */
export async function importedChat(request: APIRequestContext, title: string, texts: readonly string[], baseUrl = "") {
  const id = randomUUID();
  const messages = texts.map((text, index) =>
    message(
      `${id.slice(0, 8)}-${index}`,
      index === 0 ? null : `${id.slice(0, 8)}-${index - 1}`,
      index % 2 === 0 ? "user" : "assistant",
      text,
    ),
  );
  const chat = {
    id,
    title,
    titleSource: "user",
    folder: null,
    pinned: false,
    temporary: false,
    systemPrompt: null,
    sampling: {},
    overflow: "ask",
    headId: messages.at(-1)?.id ?? null,
    createdAtMs: 1_700_000_000_000,
    updatedAtMs: Date.now(),
  };
  const response = await request.post(`${baseUrl}/api/chats/import`, { data: { chats: [{ chat, messages }] } });
  expect(await response.json()).toEqual({ imported: 1, existing: [], refused: [] });
  return id;
}
