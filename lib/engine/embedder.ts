import { statSync } from "node:fs";
import type { LlamaEmbeddingContext, LlamaModel } from "node-llama-cpp";
import type { CommandAnswer, CommandParams } from "@/lib/schema/engine-commands";
import { CancelledError } from "./job-error";
import type { LlamaBackend } from "./llama-backend";
import { loadError } from "./load-error";
import { checkMemory } from "./memory-guard";
import { contextExceeded, refuseHugeText } from "./prompt-tokens";
import { knownToken } from "./tokenize-parts";

interface Loaded {
  readonly key: string;
  readonly model: LlamaModel;
  readonly context: LlamaEmbeddingContext;
}

/** Holds an embedding model in system memory, and computes vectors with it. */
export class Embedder {
  #loaded: Loaded | null = null;

  constructor(private readonly backend: LlamaBackend) {}

  /** @throws JobError CONTEXT_EXCEEDED for a text that is too long; OUT_OF_MEMORY, or what is wrong with the model's file */
  async embed(
    params: CommandParams<"embed">,
    signal: AbortSignal,
  ): Promise<Pick<CommandAnswer<"embed">, "vectors" | "tokensPerInput" | "memoryBytes">> {
    const { model, context } = await this.#ready(params, signal);
    const inputs = params.inputs.map(input => tokensOf(model, input, params.contextTokens));
    const tokensPerInput = inputs.map(tokens => context.calculateInputLength([...tokens]));
    const longest = Math.max(...tokensPerInput);
    if (longest >= params.contextTokens) throw contextExceeded(longest, params.contextTokens);
    const vectors: number[][] = [];
    for (const tokens of inputs) {
      if (signal.aborted) throw new CancelledError();
      vectors.push(toUnitLength((await context.getEmbeddingFor([...tokens])).vector));
    }
    return { vectors, tokensPerInput, memoryBytes: model.memoryUsage.ram };
  }

  async unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = null;
    await loaded?.context.dispose();
    await loaded?.model.dispose();
  }

  async #ready({ modelPath, contextTokens }: CommandParams<"embed">, signal: AbortSignal): Promise<Loaded> {
    const key = `${contextTokens} ${modelPath}`;
    if (this.#loaded?.key === key) return this.#loaded;
    await this.unload();
    const mark = this.backend.log.mark();
    try {
      await checkMemory(this.backend, weightsOf(modelPath), null);
      const model = await this.backend.llama.loadModel({ modelPath, gpuLayers: 0, loadSignal: signal });
      // A model that reads a text in both directions needs all of it in one batch.
      const options = { contextSize: contextTokens, batchSize: contextTokens, createSignal: signal };
      const context = await model.createEmbeddingContext(options).catch(async error => {
        await model.dispose();
        throw error;
      });
      this.#loaded = { key, model, context };
      return this.#loaded;
    } catch (error) {
      throw await loadError(error, this.backend, mark, signal);
    }
  }
}

/** The file is the least that is needed. */
const weightsOf = (modelPath: string) => ({
  gpuWeightsBytes: 0,
  gpuContextBytes: 0,
  ramWeightsBytes: statSync(modelPath).size,
  ramContextBytes: 0,
});

function tokensOf(model: LlamaModel, input: string | readonly number[], contextTokens: number) {
  if (typeof input !== "string") return input.map(token => knownToken(model, token));
  refuseHugeText(model, [input], contextTokens);
  return model.tokenize(input);
}

/** Clients compare vectors by their product, which is the cosine only at unit length. */
function toUnitLength(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map(value => value / length) : [...vector];
}
