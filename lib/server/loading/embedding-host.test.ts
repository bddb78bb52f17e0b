import { describe, expect, it } from "vitest";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { ManualTimers } from "@/lib/server/testing/manual-timers";
import { EmbeddingHost } from "./embedding-host";

interface Listed {
  readonly name: string;
  readonly role: "text" | "embedding";
}

function rig(listed: readonly Listed[], change: Partial<Settings> = {}) {
  const timers = new ManualTimers();
  const asked: { modelPath: string; contextTokens: number }[] = [];
  const notices: string[] = [];
  let unloads = 0;
  const host = new EmbeddingHost({
    timers,
    engine: {
      embed: async params => {
        asked.push({ modelPath: params.modelPath, contextTokens: params.contextTokens });
        return {
          type: "embedded",
          id: "1",
          vectors: params.inputs.map(() => [1, 0]),
          tokensPerInput: params.inputs.map(() => 4),
          memory: { weightsBytes: 1000, kvBytes: 0, computeBytes: 200 },
        };
      },
      unload: async () => {
        unloads += 1;
      },
    },
    models: {
      listModels: async () =>
        listed.map(({ name, role }) => ({
          name,
          fileBytes: 1,
          modifiedAtMs: 1,
          parts: 1,
          sameAs: null,
          origin: null,
          problem: null,
          profile: { role, trainContextTokens: 512 } as never,
        })),
      resolveModel: async name => `/models/${name}`,
    },
    settings: { read: () => ({ ...defaultSettings, ...change }), readFor: () => ({ ...defaultSettings, N_CTX: 4096 }) },
    unloadChatModel: async notice => void notices.push(notice),
  });
  return { host, asked, timers, notices, unloads: () => unloads };
}

const never = new AbortController().signal;
const library = [
  { name: "chat.gguf", role: "text" },
  { name: "embed.gguf", role: "embedding" },
  { name: "other-embed.gguf", role: "embedding" },
] as const;

describe("the embedding model", () => {
  it("is the one that is named, or the first one for a name that the library lacks", async () => {
    const { host, asked } = rig(library);
    expect((await host.embed("other-embed.gguf", ["a"], never)).model).toBe("other-embed.gguf");
    expect(await host.embed("text-embedding-3-small", ["a", "b"], never)).toMatchObject({
      model: "embed.gguf",
      tokens: 8,
    });
    expect(await host.embed(null, ["a"], never)).toMatchObject({ model: "embed.gguf" });
    // The model was made for 512 tokens, fewer than the setting.
    expect(asked[0]).toEqual({ modelPath: "/models/other-embed.gguf", contextTokens: 512 });
  });

  it("is not found under another name, unless names are all one", async () => {
    const named = rig(library).host.embed("nomic-embed-text", ["a"], never);
    await expect(named).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
      message: 'There is no model "nomic-embed-text" here. These make embeddings: embed.gguf, other-embed.gguf.',
    });
    const { host } = rig(library, { API_ANY_NAME: "all" });
    expect((await host.embed("nomic-embed-text", ["a"], never)).model).toBe("embed.gguf");
  });

  it("takes the chat model's place where the settings say so, and gives it back for the next load", async () => {
    const { host, notices, unloads } = rig(library, { EMBEDDINGS: "instead" });
    await host.makeRoom();
    expect(unloads()).toBe(0);
    await host.embed(null, ["a"], never);
    expect(notices).toEqual(["Unloaded for embed.gguf, which a program asked for."]);
    await host.makeRoom();
    expect(unloads()).toBe(1);
    const beside = rig(library);
    await beside.host.embed(null, ["a"], never);
    await beside.host.makeRoom();
    expect([beside.notices, beside.unloads()]).toEqual([[], 0]);
  });

  it("is refused by name where it is a chat model, or where there is none", async () => {
    await expect(rig(library).host.embed("chat.gguf", ["a"], never)).rejects.toThrow(
      "chat.gguf makes no embeddings: choose an embedding model. There are: embed.gguf, other-embed.gguf.",
    );
    await expect(rig([library[0]]).host.embed(null, ["a"], never)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });

  it("is unloaded after five minutes without use, and its memory is no longer counted", async () => {
    const { host, timers, unloads } = rig(library);
    await host.embed(null, ["a"], never);
    expect(host.held).toEqual({ weightsBytes: 1000, kvBytes: 0, computeBytes: 200 });
    expect(host.heldModel).toBe("embed.gguf");
    await timers.advance(4 * 60_000);
    await host.embed(null, ["a"], never);
    await timers.advance(4 * 60_000);
    expect(unloads()).toBe(0);
    await timers.advance(60_000);
    expect(unloads()).toBe(1);
    expect([host.held, host.heldModel]).toEqual([null, null]);
  });
});
