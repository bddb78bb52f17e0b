import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { clientRecipes } from "@/components/connect/client-recipes";
import { exampleCode, NO_KEY, YOUR_KEY } from "@/components/connect/example-code";
import { DEFAULT_MODEL } from "@/lib/schema/settings/settings";
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

  it("each is told the address and the key, but Zed, which asks for the key itself", () => {
    const connection = { baseUrl: "http://127.0.0.1:3000/v1", model: "a.gguf", contextTokens: 4096, apiKey: YOUR_KEY };
    for (const { name, settings } of clientRecipes) {
      expect(settings(connection)).toContain(connection.baseUrl);
      expect([name, settings(connection).includes(YOUR_KEY)]).toEqual([name, name !== "Zed"]);
    }
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

describe("the examples of the page run as they are", () => {
  const run = promisify(execFile);
  const python = process.env.HEADROOM_TEST_PYTHON ?? "python3";
  const programs = {
    curl: ["sh", "-c"],
    python: [python, "-c"],
    typescript: [process.execPath, "--input-type=module", "-e"],
  } as const;
  const needed = {
    curl: ["curl", "--version"],
    python: [python, "-c", "import openai"],
    typescript: ["node"],
  } as const;
  const start = ([command = "", ...args]: readonly string[]) => run(command, args).then(({ stdout }) => stdout);

  it.for(["curl", "python", "typescript"] as const)("%s, without a key and with one", async (language, context) => {
    const isMissing = language !== "typescript" && (await start(needed[language]).catch(() => null)) === null;
    context.skip(isMissing, `${needed[language].join(" ")} does not work here`);
    const { apiKeys } = home.services.access;
    const code = (apiKey: string) =>
      exampleCode[language]({ baseUrl: `${home.url}/v1`, model: DEFAULT_MODEL, contextTokens: 2048, apiKey });
    expect(await start([...programs[language], code(NO_KEY)])).toContain("Rhine, Nile");
    const { secret } = apiKeys.make({ name: language, requestsPerMinute: null, tokensPerDay: null });
    apiKeys.require(true);
    const said = await start([...programs[language], code(secret)]).finally(() => apiKeys.require(false));
    expect(said).toContain("Rhine, Nile");
  });
});
