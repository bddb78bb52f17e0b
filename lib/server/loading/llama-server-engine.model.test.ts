import { execFileSync } from "node:child_process";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { greedySampling } from "@/lib/schema/sampling";
import { DEFAULT_MODEL, defaultSettings } from "@/lib/schema/settings";
import type { GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import type { Planner } from "@/lib/server/planning/planner";
import { realLlamaServer } from "@/lib/server/testing/stand-in-llama-server";
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

describe.skipIf(reason !== null)(`llama.cpp's own server${reason === null ? "" : ` (skipped: ${reason})`}`, () => {
  let engine: LlamaServerEngine;
  beforeAll(() => {
    const modelPath = resolve(join("models", DEFAULT_MODEL));
    engine = new LlamaServerEngine({
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
          plan: { totalLayers: 31 } as Awaited<ReturnType<Planner["confirmedPlanFor"]>>["plan"],
        }),
      },
      freeOwnEngine: async () => {},
      readSettings: () => defaultSettings,
      env: process.env,
      gpu: "off",
      onChange: () => {},
      onLog: () => {},
    });
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
    await engine.look();
    expect(engine.snapshot().other.load).toMatchObject({ running: 0, slots: 1 });
  });

  it("stops in the middle of an answer, and answers the next", async () => {
    const stop = new AbortController();
    const messages: GenerationMessage[] = [];
    for await (const message of engine.generate({ turns, sampling: { ...sampling, maxTokens: 500 } }, stop.signal)) {
      messages.push(message);
      if (message.type === "text") stop.abort();
    }
    expect(messages.at(-1)).toMatchObject({ type: "finished", reason: "cancelled" });
    let text = "";
    for await (const message of engine.generate({ turns, sampling })) if (message.type === "text") text += message.text;
    expect(text).toContain("Paris");
  });
});
