import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DRAFTED_TOKENS } from "@/lib/plan/words/llama-server-flags";
import { greedySampling } from "@/lib/schema/settings/sampling";
import { DEFAULT_MODEL, defaultSettings } from "@/lib/schema/settings/settings";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { OtherEngines } from "@/lib/server/engine/other/other-engines";
import { ServerProcess } from "@/lib/server/engine/other/server-process";
import type { Planner } from "@/lib/server/planning/planner";
import { blindPictureReader, PICTURE_PATCHES } from "@/lib/server/testing/fake-engine/blind-picture-reader";
import { realLlamaServer } from "@/lib/server/testing/stand-ins/stand-in-llama-server";
import { type Beside, NOTHING_BESIDE } from "./find-beside";
import { LlamaServerEngine } from "./llama-server-engine";

const python = process.env.HEADROOM_TEST_PYTHON ?? "python3";

function missing(): string | null {
  try {
    execFileSync(python, ["-c", "import xllamacpp"], { stdio: "ignore" });
    return null;
  } catch {
    return `${python} has no package xllamacpp, which carries llama.cpp's server: set HEADROOM_TEST_PYTHON`;
  }
}
const reason = missing();
const modelPath = resolve(join("models", DEFAULT_MODEL));

const nothingOnGpu = { weightsBytes: 0, kvBytes: 0, computeBytes: 0, overheadBytes: 0, totalBytes: 0 };

async function textOf(messages: AsyncIterable<GenerationMessage> | undefined): Promise<string> {
  let text = "";
  for await (const message of messages ?? []) if (message.type === "text") text += message.text;
  return text;
}

describe("llama.cpp's own server", () => {
  beforeEach(context => context.skip(reason !== null, reason ?? ""));

  let engine: LlamaServerEngine;
  const engineWith = (beside: Beside): LlamaServerEngine =>
    new LlamaServerEngine({
      path: realLlamaServer(python),
      planner: {
        confirmedPlanFor: async () => ({
          config: {
            modelPath,
            gpuLayers: 0,
            contextTokens: 1024,
            batchTokens: 512,
            sequences: 1,
            kvType: "f16",
            flashAttention: "auto",
            threads: 2,
            useMmap: true,
          },
          plan: { totalLayers: 31, predicted: nothingOnGpu } as Awaited<
            ReturnType<Planner["confirmedPlanFor"]>
          >["plan"],
        }),
      },
      findBeside: async () => beside,
      freeOwnEngine: async () => {},
      readSettings: () => defaultSettings,
      env: process.env,
      gpu: "off",
      onChange: () => {},
      onLog: () => {},
    });
  beforeAll(() => {
    engine = engineWith(NOTHING_BESIDE);
  });
  afterAll(() => engine.stop());

  const turns = [{ role: "user" as const, content: "What is the capital of France? One word." }];
  const sampling = { ...greedySampling, maxTokens: 24 };

  it("answers with its own token counts and speeds", async () => {
    const messages: GenerationMessage[] = [];
    for await (const message of engine.generate({ turns, sampling })) messages.push(message);
    const text = messages.flatMap(message => (message.type === "text" ? [message.text] : [])).join("");
    expect(text).toContain("Paris");
    const finished = messages.find(message => message.type === "finished");
    expect(finished?.stats.promptTokens).toBeGreaterThan(10);
    expect(finished?.stats.tokensPerSecond).toBeGreaterThan(0);
    expect(messages.some(message => message.type === "prefill")).toBe(true);
  });

  it("counts tokens and tells of its slots", async () => {
    const { tokensPerTurn, isAbout } = await engine.count(turns);
    expect(isAbout).toBeUndefined();
    // "What is the capital of France? One word." in SmolLM2's vocabulary, a token a word and a sign.
    expect(tokensPerTurn).toEqual([10]);
    await engine.refresh();
    expect(engine.snapshot().other.load).toMatchObject({ running: 0, slots: 1 });
  });

  it("tells of its vocabulary and its template", async () => {
    const vocabulary = await engine.vocabulary();
    const asked = { parts: ["<|im_start|>", 253], addSpecial: false, parseSpecial: true, withPieces: true };
    // Token 1 of SmolLM2's tokenizer.json.
    const { tokens = [], pieces = [] } = (await vocabulary?.tokenize(asked)) ?? {};
    expect([tokens, pieces?.[0]]).toEqual([[1, 253], "<|im_start|>"]);
    expect(await vocabulary?.detokenize({ tokens: [1] })).toEqual({ text: "<|im_start|>" });
    expect((await vocabulary?.render({ turns }))?.prompt).toContain(
      "<|im_start|>user\nWhat is the capital of France? One word.<|im_end|>\n",
    );
  });

  it("is found as what it is when its address and key are given, as if it were elsewhere", async () => {
    const port = 20_000 + (process.pid % 20_000);
    const flags = { "-m": modelPath, "-c": "512", "-np": "1", "-t": "2", "-b": "512", "-ub": "512", "-ngl": "0" };
    const program = new ServerProcess({
      path: realLlamaServer(python),
      args: [...Object.entries(flags).flat(), "--port", String(port)],
      env: { ...process.env, LLAMA_API_KEY: "secret" },
      onLine: () => {},
    });
    const engines = new OtherEngines({ path: join(mkdtempSync(join(tmpdir(), "headroom-engines-")), "engines.json") });
    const address = `127.0.0.1:${port}`;
    await expect
      .poll(() => engines.test({ address, key: "secret" }).catch(() => null), { timeout: 30_000, interval: 200 })
      .toMatchObject({ kind: "llama-server", models: [{ contextTokens: 512 }] });
    await expect(engines.add({ address, key: "wrong" })).rejects.toMatchObject({ code: "ENGINE_REFUSED" });
    await engines.add({ address, key: "secret" });
    const [{ id = "", models = [] } = {}] = (await engines.list()).engines;
    await engines.choose({ engineId: id, model: models[0]?.id ?? "" });
    expect(await textOf(engines.answering?.generate({ turns, sampling }))).toContain("Paris");
    await program.stop();
  });

  it("reads a picture with an mmproj file: its patches are tokens of the prompt", async () => {
    const picturesPath = join(mkdtempSync(join(tmpdir(), "headroom-mmproj-")), "mmproj.gguf");
    // SmolLM2's width.
    writeFileSync(picturesPath, blindPictureReader(576));
    const seeing = engineWith({ files: { picturesPath }, onCard: [], inRam: [] });
    const data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
    const asked = [{ role: "user" as const, content: "Hi", pictures: [{ mediaType: "image/png", data }] }];
    const messages: GenerationMessage[] = [];
    for await (const message of seeing.generate({ turns: asked, sampling: { ...sampling, maxTokens: 2 } }))
      messages.push(message);
    expect(seeing.snapshot().other.takesPictures).toBe(true);
    const finished = messages.find(message => message.type === "finished");
    expect(finished?.stats.promptTokens).toBeGreaterThan(PICTURE_PATCHES);
    await seeing.stop();
  });

  it("has a draft model guess tokens", async () => {
    const drafting = engineWith({ files: { draftPath: modelPath }, onCard: [], inRam: [] });
    const story = [{ role: "user" as const, content: "Write a story about a river." }];
    const messages: GenerationMessage[] = [];
    for await (const message of drafting.generate({ turns: story, sampling: { ...sampling, maxTokens: 40 } }))
      messages.push(message);
    const { tokens = 0, right = 0 } = messages.find(message => message.type === "finished")?.stats.draft ?? {};
    // The model as its own draft model is right each time, up to the limit: the last draft may go beyond it.
    expect(right).toBeGreaterThan(DRAFTED_TOKENS);
    expect(tokens - right).toBeLessThan(DRAFTED_TOKENS);
    await drafting.stop();
  });

  it("stops in the middle of an answer, and answers the next", async () => {
    const stop = new AbortController();
    const messages: GenerationMessage[] = [];
    for await (const message of engine.generate({ turns, sampling: { ...sampling, maxTokens: 500 } }, stop.signal)) {
      messages.push(message);
      if (message.type === "text") stop.abort();
    }
    expect(messages.at(-1)).toMatchObject({ type: "finished", reason: "cancelled" });
    expect(await textOf(engine.generate({ turns, sampling }))).toContain("Paris");
  });
});
