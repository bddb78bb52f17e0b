import { describe, expect, it } from "vitest";
import { clientRecipes } from "@/components/connect/client-recipes";
import { DEFAULT_MODEL } from "@/lib/schema/settings";
import { serveHome } from "../testing/serve-home";

const home = serveHome({ words: ["Rhine", ", Nile"] });

const ask = "Name three rivers.";
const parts = [{ type: "text", text: ask }];

/**
 * The first request of a conversation, as each program of the page's recipes writes it: its own fields and its own neutral values.
 * Source: each program's code, read in November 2026.
 */
const firstRequests: Readonly<Record<string, object>> = {
  Continue: {
    messages: [
      { role: "system", content: "<important_rules>You are in chat mode.</important_rules>" },
      { role: "user", content: parts },
    ],
    model: DEFAULT_MODEL,
    max_tokens: 4096,
    stream: true,
  },
  Cline: {
    model: DEFAULT_MODEL,
    messages: [
      { role: "system", content: "You are Cline, a highly skilled software engineer." },
      { role: "user", content: [...parts, { type: "text", text: "<environment_details></environment_details>" }] },
    ],
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  },
  Zed: {
    model: DEFAULT_MODEL,
    messages: [
      { role: "system", content: "You are a helpful assistant." },
      { role: "user", content: parts },
    ],
    stream: true,
    max_completion_tokens: 4096,
    stop: [],
    temperature: 1,
    tools: [],
    prompt_cache_key: "4f1f6d0e",
  },
  "Obsidian (Copilot)": {
    model: DEFAULT_MODEL,
    temperature: 0.1,
    max_tokens: 6000,
    stream: true,
    stream_options: { include_usage: true },
    n: 1,
    messages: [
      { role: "system", content: "You are Obsidian Copilot." },
      { role: "user", content: ask },
    ],
  },
  "Open WebUI": { stream: true, model: DEFAULT_MODEL, messages: [{ role: "user", content: ask }] },
  LibreChat: {
    model: DEFAULT_MODEL,
    user: "65f1c0",
    stream: true,
    messages: [{ role: "user", content: ask }],
    temperature: 1,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
  },
};

describe("the programs of the page's recipes", () => {
  it.each(clientRecipes.map(({ name }) => name))("%s gets an answer to its first request", async name => {
    const response = await fetch(`${home.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer none" },
      body: JSON.stringify(firstRequests[name]),
    });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('"content":"Rhine"');
    expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
  });

  it("Open WebUI's request for a title gets a whole answer", async () => {
    const body = {
      model: DEFAULT_MODEL,
      messages: [{ role: "user", content: ask }],
      stream: false,
      max_completion_tokens: 1000,
    };
    const response = await fetch(`${home.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: "Rhine, Nile" } }] });
  });
});
