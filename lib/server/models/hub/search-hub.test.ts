import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { endless, type Misbehave, StandInHub } from "@/lib/server/testing/stand-ins/stand-in-hub";
import { KnownProfiles } from "./known-profiles";
import { RemoteHeaderStore } from "./remote-header-store";
import { RemoteModels } from "./remote-models";

const profilesIn = (home: string) => new KnownProfiles({ folder: join(home, "profiles"), version: "1" });

let home: string;
let hub: StandInHub;
let models: RemoteModels;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "headroom-search-"));
  hub = await StandInHub.start();
  models = new RemoteModels({
    store: new RemoteHeaderStore(home),
    profiles: profilesIn(home),
    endpoint: hub.origin,
    token: "hf_canary",
  });
});
afterEach(async () => {
  await hub.stop();
});

const entry = (id: string, more = {}) => ({
  id,
  author: id.split("/")[0],
  downloads: 412_000,
  likes: 7,
  gated: false,
  lastModified: "2025-03-12T10:00:00.000Z",
  tags: ["gguf", "license:apache-2.0"],
  gguf: { total: 11_765_788_416, architecture: "gemma3", context_length: 131_072 },
  ...more,
});

test("asks the hub for repositories with GGUF files, in the wanted order, with the token", async () => {
  hub.serveSearch([entry("ggml-org/gemma-3-12b-it-GGUF", { gated: "manual" })]);
  expect(await models.search("gemma 3 & more", "newest")).toEqual({
    kind: "found",
    repositories: [
      {
        name: "ggml-org/gemma-3-12b-it-GGUF",
        author: "ggml-org",
        licence: "apache-2.0",
        isGated: true,
        changedAt: "2025-03-12T10:00:00.000Z",
        downloads: 412_000,
        likes: 7,
        parameters: 11_765_788_416,
        trainContextTokens: 131_072,
        page: `${hub.origin}/ggml-org/gemma-3-12b-it-GGUF`,
      },
    ],
  });
  const [asked] = hub.seen;
  const query = new URL(asked?.path ?? "", hub.origin).searchParams;
  expect(asked?.authorization).toBe("Bearer hf_canary");
  expect(["search", "filter", "sort", "limit"].map(name => query.get(name))).toEqual([
    "gemma 3 & more",
    "gguf",
    "lastModified",
    "30",
  ]);
});

test.each([
  ["ollama run llama3.2:3b", "llama3.2 3b"],
  ["ollama pull gemma3", "gemma3"],
  ["qwen3:8b", "qwen3 8b"],
])("searches for the words of a name of Ollama's list: %s", async (text, words) => {
  hub.serveSearch([entry("owner/one-GGUF")]);
  expect(await models.search(text, "trending")).toMatchObject({ kind: "found" });
  expect(new URL(hub.seen[0]?.path ?? "", hub.origin).searchParams.get("search")).toBe(words);
});

test("D9 leaves out names that are no repository's, and cleans other people's text", async () => {
  const tags = ["license:MIT\u202e\nevil"];
  hub.serveSearch([
    entry("../../etc/passwd"),
    entry("evil.example:443/x"),
    entry("a/b/c"),
    entry("javascript:alert(1)"),
    { id: 5 },
    entry("good/repo", { tags, downloads: "many", likes: -1, gguf: "?", lastModified: "soon" }),
  ]);
  expect(await models.search("x", "trending")).toMatchObject({
    repositories: [
      { name: "good/repo", licence: "MIT  evil", downloads: 0, likes: 0, parameters: null, changedAt: null },
    ],
  });
});

const answer =
  (status: number, headers: Record<string, string> = {}): Misbehave =>
  (_, response) => {
    response.writeHead(status, headers).end("<html>");
  };

test("says how long a hub that counts requests asks to wait", async () => {
  hub.serve("/api/models", answer(429, { "retry-after": "17" }));
  expect(await models.search("x", "likes")).toEqual({
    kind: "wait",
    seconds: 17,
    message: `127.0.0.1:${hub.port} asks to wait for 17 s: too many requests.`,
  });
});

test.each([
  ["a broken hub", answer(500), /answered 500 for search/],
  ["a web page", answer(200), /sent no usable answer about search/],
  ["a redirect to the local network", answer(302, { location: "https://192.168.1.1/" }), /not on the public internet/],
  ["D9 an endless answer", endless, /is longer than 8388608 bytes/],
])("%s is one sentence", async (_, misbehave, message) => {
  hub.serve("/api/models", misbehave);
  await expect(models.search("x", "likes")).rejects.toThrow(message);
});
