import { randomUUID } from "node:crypto";
import { type APIRequestContext, expect } from "@playwright/test";

/** Goes on until the token limit: what is stopped, reloaded or killed must not end by itself before. */
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
