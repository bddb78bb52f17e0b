import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChatRequest, type NewChat, type RunChunk, runChunkSchema } from "@/lib/schema/chat";
import type { Acknowledged } from "./acknowledged";
import { sentData } from "./sent-data";

/** A chat of more turns would outgrow the context of the test's settings. */
const TURNS_OF_A_CHAT = 4;
const SETTING_PAUSE_MS = 500;

/** Continues until its token limit: long enough for a flush in its middle. */
const ENDLESS = 'root ::= ("river " | "stone " | "cloud ") root';

/** One word; one that takes seconds; and one whose chat is made by its first message. */
const kinds: readonly (NewChat["sampling"] | null)[] = [{ maxTokens: 3 }, { grammar: ENDLESS, maxTokens: 160 }, null];

/** People who ask one message after the other, and remember what the server acknowledged. */
export class ChatClients {
  readonly #acknowledged: Acknowledged;
  /** The chat of each person, kept over restarts. */
  readonly #chats = kinds.map(() => ({ id: "", turns: TURNS_OF_A_CHAT }));
  readonly #listeners = new Set<() => void>();
  /** Chats in which something happened since they were last compared. */
  readonly touched = new Set<string>();
  heardChunks = 0;

  constructor(acknowledged: Acknowledged) {
    this.#acknowledged = acknowledged;
  }

  /** Asks and listens until the connection breaks: that is how it ends. */
  async run(url: string): Promise<never> {
    await Promise.all([...kinds.map((_, client) => this.#chat(url, client)), this.#changeSettings(url)]);
    throw new Error("People never stop.");
  }

  /** Resolves as soon as a received message makes it true. */
  until(isTrue: () => boolean): Promise<void> {
    return new Promise(resolve => {
      const check = () => {
        if (!isTrue()) return;
        this.#listeners.delete(check);
        resolve();
      };
      this.#listeners.add(check);
      check();
    });
  }

  async #chat(url: string, client: number): Promise<never> {
    for (;;) {
      const chatId = await this.#chatOf(url, client);
      await this.#ask(url, chatId);
    }
  }

  async #chatOf(url: string, client: number): Promise<string> {
    const chat = this.#chats[client] ?? { id: "", turns: 0 };
    if (chat.turns >= TURNS_OF_A_CHAT) {
      const sampling = kinds[client];
      Object.assign(chat, { id: randomUUID(), turns: 0 });
      if (sampling) await post(`${url}/api/chats`, { id: chat.id, title: "Killed", sampling } satisfies NewChat);
    }
    chat.turns += 1;
    return chat.id;
  }

  async #ask(url: string, chatId: string): Promise<void> {
    const id = randomUUID();
    const text = `Question ${id}: what carries the stones of a river?`;
    this.touched.add(chatId);
    this.#acknowledged.sent.set(id, text);
    const request: Omit<ChatRequest, "trigger"> = {
      chatId,
      message: { id, role: "user", parts: [{ type: "text", text }] },
    };
    const { body } = await post(`${url}/api/chat`, request);
    let replyId = "";
    for await (const data of sentData(body)) {
      for (const chunk of chunkOf(data)) {
        if (chunk.type === "start") {
          replyId = chunk.messageId;
          this.#acknowledged.questions.set(id, { chatId, text });
          this.#acknowledged.partial.set(replyId, { chatId, text: "" });
        }
        this.#hear(chunk, replyId, chatId);
      }
    }
  }

  #hear(chunk: RunChunk, replyId: string, chatId: string): void {
    const { partial, answers } = this.#acknowledged;
    const part = partial.get(replyId);
    if (chunk.type === "text-delta" && part) part.text += chunk.delta;
    if (chunk.type === "data-message") {
      if (part?.text !== chunk.data.text) this.#acknowledged.lost.add(`answer ${replyId} is not what was streamed`);
      partial.delete(replyId);
      answers.set(replyId, { chatId, text: chunk.data.text, status: chunk.data.status });
    }
    this.heardChunks += 1;
    for (const listener of [...this.#listeners]) listener();
  }

  async #changeSettings(url: string): Promise<never> {
    const { seeds } = this.#acknowledged;
    for (;;) {
      const count = seeds.push(seeds.length);
      await post(`${url}/api/settings`, { SEED: count - 1 }, "PATCH");
      this.#acknowledged.seedsAcknowledged = count;
      await sleep(SETTING_PAUSE_MS);
    }
  }
}

async function post(url: string, body: object, method = "POST"): Promise<Response> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response;
}

/** Returns nothing for the end mark. */
const chunkOf = (data: string): RunChunk[] => (data.startsWith("{") ? [runChunkSchema.parse(JSON.parse(data))] : []);
