import { expect, it } from "vitest";
import type { LlamaBackend } from "../backend/llama-backend";
import type { DryRun } from "../dry-runs/dry-run";
import { EngineLog } from "../engine-log";
import { Embedder } from "./embedder";

/** More than any computer has: a thousand TiB. */
const TOO_MUCH = 1024 ** 5;

function embedderOf(need: { weights: number; context: number }) {
  let loads = 0;
  const backend = {
    info: { gpuUsable: false },
    placer: { cards: () => [] },
    log: new EngineLog(() => {}),
    llama: {
      loadModel: async () => {
        loads += 1;
        throw new Error("There is no model in this test.");
      },
      getRamState: async () => ({ total: TOO_MUCH / 2, wired: 0 }),
    },
  };
  const dryRun = {
    weights: async () => ({ gpuBytes: 0, ramBytes: need.weights }),
    context: async () => ({ gpuBytes: 0, ramBytes: need.context }),
  };
  const embedder = new Embedder(backend as unknown as LlamaBackend, async () => dryRun as unknown as DryRun);
  const embed = () =>
    embedder.embed({ modelPath: "/models/some-embed.gguf", contextTokens: 512, inputs: ["a"] }, never.signal);
  return { embed, loads: () => loads };
}
const never = new AbortController();

it.each([
  ["its weights are", { weights: TOO_MUCH, context: 0 }],
  ["its context is", { weights: 0, context: TOO_MUCH }],
])("a model is refused by its name before it is loaded where %s larger than the available memory", async (_, need) => {
  const { embed, loads } = embedderOf(need);
  await expect(embed()).rejects.toMatchObject({
    code: "OUT_OF_MEMORY",
    message: expect.stringContaining("The embedding model some-embed.gguf does not fit with 512 tokens: "),
  });
  expect(loads()).toBe(0);
});

it("a model is loaded where both fit", async () => {
  const { embed, loads } = embedderOf({ weights: 1, context: 1 });
  await expect(embed()).rejects.toThrow();
  expect(loads()).toBe(1);
});
