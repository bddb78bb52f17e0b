import { basename } from "node:path";
import type { LlamaEmbeddingContext, LlamaModel } from "node-llama-cpp";
import type { CommandAnswer, CommandParams } from "@/lib/schema/engine-commands";
import type { EmbeddingMemory } from "@/lib/schema/plans/gpu-memory";
import { F32_BYTES } from "@/lib/units/bytes";
import type { LlamaBackend } from "../backend/llama-backend";
import type { DryRun } from "../dry-runs/dry-run";
import { CancelledError, JobError } from "../job-error";
import { AFTER_BUFFERS_LINE, bufferSplit } from "../memory/buffer-split";
import { checkMemory } from "../memory/memory-guard";
import { contextExceeded, refuseHugeText } from "../prompt/prompt-tokens";
import { knownToken, vocabularyOf } from "../prompt/tokenize-parts";
import { loadError } from "./load-error";

const onCpu = { gpuLayers: 0, useMmap: true } as const;

interface Loaded {
  readonly key: string;
  readonly model: LlamaModel;
  readonly context: LlamaEmbeddingContext;
  readonly memory: EmbeddingMemory;
  /** Tokens of the longest text so far. llama.cpp makes room for all of its tokens' outputs, and keeps it. */
  longestTokens: number;
}

/**
 * For each token of a text, llama.cpp keeps a vector and the logits of the whole vocabulary, which nobody reads.
 * @see llama.cpp src/llama-context.cpp output_reserve
 */
const outputBytes = (model: LlamaModel, tokens: number): number =>
  tokens * (vocabularyOf(model).length + model.embeddingVectorSize) * F32_BYTES;

/** Holds an embedding model in system memory, and computes vectors with it. */
export class Embedder {
  #loaded: Loaded | null = null;

  constructor(
    private readonly backend: LlamaBackend,
    private readonly dryRunOf: (modelPath: string) => Promise<DryRun>,
  ) {}

  /** @throws JobError CONTEXT_EXCEEDED for a text that is too long; OUT_OF_MEMORY, or what is wrong with the model's file */
  async embed(
    params: CommandParams<"embed">,
    signal: AbortSignal,
  ): Promise<Pick<CommandAnswer<"embed">, "vectors" | "tokensPerInput" | "memory">> {
    const loaded = await this.#ready(params, signal);
    const { model, context, memory } = loaded;
    const inputs = params.inputs.map(input => tokensOf(model, input, params.contextTokens));
    const tokensPerInput = inputs.map(tokens => context.calculateInputLength([...tokens]));
    const longest = Math.max(...tokensPerInput);
    if (longest >= params.contextTokens) throw contextExceeded(longest, params.contextTokens);
    await this.#makeRoom(loaded, longest);
    const vectors: number[][] = [];
    for (const tokens of inputs) {
      if (signal.aborted) throw new CancelledError();
      vectors.push(toUnitLength((await context.getEmbeddingFor([...tokens])).vector));
    }
    // The load's own figure has the output of one token.
    const computeBytes = memory.computeBytes + outputBytes(model, loaded.longestTokens - 1);
    return { vectors, tokensPerInput, memory: { ...memory, computeBytes } };
  }

  /** @throws JobError OUT_OF_MEMORY where the outputs of a text of so many tokens do not fit */
  async #makeRoom(loaded: Loaded, tokens: number): Promise<void> {
    if (tokens <= loaded.longestTokens) return;
    const ramContextBytes = outputBytes(loaded.model, tokens);
    const need = { gpuWeightsBytes: 0, gpuContextBytes: 0, ramWeightsBytes: 0, ramContextBytes };
    await checkMemory(this.backend, need, null).catch(error => {
      if (!(error instanceof JobError)) throw error;
      throw new JobError(error.code, `A text of ${tokens} tokens is too long for this computer: ${error.message}`);
    });
    loaded.longestTokens = tokens;
  }

  async unload(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = null;
    await loaded?.context.dispose();
    await loaded?.model.dispose();
  }

  /** Refuses, by its name, a model that a dry run shows not to fit with its context. @returns bytes of its weights */
  async #check(modelPath: string, contextTokens: number): Promise<number> {
    const dryRun = await this.dryRunOf(modelPath);
    const weights = await dryRun.weights(onCpu);
    const context = await dryRun
      .context({
        ...onCpu,
        contextTokens,
        batchTokens: contextTokens,
        sequences: 1,
        kvType: "f16",
        flashAttention: "auto",
        embeds: true,
      })
      .catch(error => {
        // A model of which no dry run can be made may still load: then its weights are the least that it needs.
        if (error instanceof JobError && error.code === "ENGINE_FAILED") return { gpuBytes: 0, ramBytes: 0 };
        throw error;
      });
    const need = {
      gpuWeightsBytes: 0,
      gpuContextBytes: 0,
      ramWeightsBytes: weights.ramBytes,
      ramContextBytes: context.ramBytes,
    };
    await checkMemory(this.backend, need, null).catch(error => {
      if (!(error instanceof JobError)) throw error;
      const name = basename(modelPath);
      throw new JobError(
        error.code,
        `The embedding model ${name} does not fit with ${contextTokens} tokens: ${error.message}`,
      );
    });
    return weights.ramBytes;
  }

  async #ready({ modelPath, contextTokens }: CommandParams<"embed">, signal: AbortSignal): Promise<Loaded> {
    const key = `${contextTokens} ${modelPath}`;
    if (this.#loaded?.key === key) return this.#loaded;
    await this.unload();
    const mark = this.backend.log.mark();
    try {
      const weightsBytes = await this.#check(modelPath, contextTokens);
      const model = await this.backend.llama.loadModel({ modelPath, ...onCpu, loadSignal: signal });
      const contextMark = this.backend.log.mark();
      // A model that reads a text in both directions needs all of it in one batch.
      const options = { contextSize: contextTokens, batchSize: contextTokens, createSignal: signal };
      const context = await model.createEmbeddingContext(options).catch(async error => {
        await model.dispose();
        throw error;
      });
      const { ramKvBytes, ramComputeBytes } = bufferSplit(
        await this.backend.log.untilSaid(contextMark, AFTER_BUFFERS_LINE),
      );
      const memory = { weightsBytes, kvBytes: ramKvBytes ?? 0, computeBytes: ramComputeBytes ?? 0 };
      this.#loaded = { key, model, context, memory, longestTokens: 1 };
      return this.#loaded;
    } catch (error) {
      throw await loadError(error, this.backend, mark, signal);
    }
  }
}

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
