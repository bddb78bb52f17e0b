import { describe, expect, it, vi } from "vitest";
import { serveHome } from "../testing/serve-home";

/** Ten words, 40 ms apart. */
const WORDS = Array.from({ length: 10 }, (_, index) => ` word${index}`);
const home = serveHome({ words: WORDS, stepMs: 40 });

const begin = (id: string, more: { key?: string; path?: string; signal?: AbortSignal } = {}) =>
  fetch(`${home.url}${more.path ?? "/v1/chat/completions"}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-conversation-id": id,
      ...(more.key !== undefined && { authorization: `Bearer ${more.key}` }),
    },
    body: JSON.stringify({ messages: [{ role: "user", content: "Count." }], max_tokens: 50, stream: true }),
    ...(more.signal && { signal: more.signal }),
  });
const streamUrl = (id: string, from?: number) =>
  `${home.url}/v1/stream?conv_id=${encodeURIComponent(id)}${from === undefined ? "" : `&from=${from}`}`;
const lookUp = async (...ids: string[]) => {
  const answer = await fetch(`${home.url}/v1/streams/lookup`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ conversation_ids: ids }),
  });
  return (await answer.json()) as { conversation_id: string; is_done: boolean; total_bytes: number }[];
};

describe("an answer with X-Conversation-Id", () => {
  it("goes on when its client leaves, and is read to its end from where the client was", async () => {
    const leaving = new AbortController();
    const first = await begin("broken::org/model", { signal: leaving.signal });
    const reader = first.body?.getReader();
    let got = Buffer.alloc(0);
    while (!got.includes("word1")) got = Buffer.concat([got, (await reader?.read())?.value ?? Buffer.alloc(0)]);
    leaving.abort();
    expect(await lookUp("broken", "absent")).toMatchObject([{ conversation_id: "broken::org/model", is_done: false }]);
    const rest = await (await fetch(streamUrl("broken::org/model", got.length))).arrayBuffer();
    const whole = Buffer.concat([got, Buffer.from(rest)]).toString();
    expect(whole).toBe(await (await fetch(streamUrl("broken::org/model"))).text());
    const said = [...whole.matchAll(/"content":"([^"]*)"/g)].map(([, text]) => text).join("");
    expect(said).toBe(WORDS.join(""));
    expect(whole.trimEnd().endsWith("data: [DONE]")).toBe(true);
    expect(await lookUp("broken")).toMatchObject([{ is_done: true, total_bytes: Buffer.byteLength(whole) }]);
  });

  it("is the same for Anthropic's messages", async () => {
    const sent = await (await begin("messages", { path: "/v1/messages" })).text();
    expect(sent).toContain("event: message_stop");
    expect(await (await fetch(streamUrl("messages", 0))).text()).toBe(sent);
  });

  it("ends and is forgotten when it is stopped", async () => {
    const stopped = begin("stopped").then(answer => answer.text());
    await vi.waitFor(async () => expect(await lookUp("stopped")).toHaveLength(1));
    expect((await fetch(streamUrl("stopped"), { method: "DELETE" })).status).toBe(204);
    expect(await stopped).not.toContain("word9");
    expect((await fetch(streamUrl("stopped"))).status).toBe(404);
    await vi.waitFor(() => expect(home.services.host.snapshot().state).toBe("loaded"));
    expect((await fetch(streamUrl("stopped"), { method: "DELETE" })).status).toBe(204);
  });

  it("belongs to the API key that asked for it", async () => {
    const { secret } = home.services.access.apiKeys.make({
      name: "phone",
      requestsPerMinute: null,
      tokensPerDay: null,
    });
    await (await begin("mine", { key: secret })).text();
    expect((await fetch(streamUrl("mine"))).status).toBe(404);
    expect(await lookUp("mine")).toEqual([]);
    await fetch(streamUrl("mine"), { method: "DELETE" });
    const again = await fetch(streamUrl("mine"), { headers: { authorization: `Bearer ${secret}` } });
    expect(again.status).toBe(200);
    expect(again.headers.get("content-type")).toMatch(/^text\/event-stream/);
  });

  it("is refused with a sentence where the place is no number, or the id is missing", async () => {
    for (const query of ["conv_id=x&from=-1", "conv_id=x&from=y", "from=0", "conv_id="])
      expect((await fetch(`${home.url}/v1/stream?${query}`)).status).toBe(400);
  });
});

it("without the header an answer is not kept", async () => {
  const answer = await begin("");
  await answer.text();
  expect(await lookUp("")).toMatchObject({ error: { type: "invalid_request_error" } });
});
