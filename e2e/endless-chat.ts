import { randomUUID } from "node:crypto";
import { type APIRequestContext, expect } from "@playwright/test";

/** Continues until the token limit: an answer that a test stops, reloads or kills must not end before that by itself. */
const ENDLESS = 'root ::= ("river " | "stone " | "cloud ") root';

/** A chat whose next answer is `maxTokens` long. */
export async function endlessChat(request: APIRequestContext, baseUrl = "", maxTokens = 600): Promise<string> {
  const id = randomUUID();
  const response = await request.post(`${baseUrl}/api/chats`, {
    data: { id, title: `Endless ${id.slice(0, 8)}`, sampling: { grammar: ENDLESS, maxTokens, seed: 7 } },
  });
  expect(response.ok()).toBe(true);
  return id;
}
