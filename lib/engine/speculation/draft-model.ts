import type { LlamaContext, LlamaContextSequence, LlamaModel, Token } from "node-llama-cpp";
import { errorReason } from "@/lib/schema/error-reason";
import type { Buffers, LoadConfig } from "@/lib/schema/plans/load-config";
import type { LlamaBackend } from "../backend/llama-backend";
import { type DryRun, flashAttentionOption } from "../dry-runs/dry-run";
import { fileMark } from "../dry-runs/file-mark";
import { countedBuffers } from "../memory/counted-buffers";
import { checkMemory } from "../memory/memory-guard";
import { vocabularyOf } from "../prompt/tokenize-parts";
import { prefill } from "../sequences/prefill";
import type { Guesser } from "./guesser";

/** A small model beside the one that answers. What it writes next is the guess, for one answer at a time. */
export class DraftModel {
  /** Of a guess in progress: an answer that was cancelled may still wait for one. */
  #isGuessing = false;
  #hasFailed = false;

  private constructor(
    /** Changes with everything that would make another draft model. */
    private readonly key: string,
    private readonly backend: LlamaBackend,
    private readonly config: LoadConfig,
    private readonly model: LlamaModel,
    private readonly context: LlamaContext,
    private readonly sequence: LlamaContextSequence,
    private readonly vocabularySize: number,
  ) {}

  /** @throws what a load throws; JobError when the file is gone or memory is short */
  static async load(
    backend: LlamaBackend,
    openDryRun: (modelPath: string) => Promise<DryRun>,
    config: LoadConfig,
    target: LlamaModel,
    signal: AbortSignal,
  ): Promise<DraftModel> {
    const key = await keyOf(config);
    const dryRun = await openDryRun(config.modelPath);
    await checkMemory(backend, await dryRun.buffers(config), await dryRun.devices(config));
    const flashAttention = flashAttentionOption(config.flashAttention);
    const { modelPath, gpuLayers, useMmap, contextTokens, batchTokens, threads } = config;
    const { result: model } = await backend.placer.place(config, () =>
      backend.llama.loadModel({
        modelPath,
        gpuLayers,
        useMmap,
        defaultContextFlashAttention: flashAttention,
        ignoreMemorySafetyChecks: true,
        loadSignal: signal,
      }),
    );
    try {
      const { result: context } = await backend.placer.place(config, () =>
        model.createContext({
          contextSize: contextTokens,
          batchSize: batchTokens,
          sequences: 1,
          flashAttention,
          threads,
          failedCreationRemedy: false,
          ignoreMemorySafetyChecks: true,
          createSignal: signal,
        }),
      );
      // llama.cpp would end the process at a token that one of the two does not know.
      const vocabularySize = Math.min(...[model, target].map(each => vocabularyOf(each).length));
      return new DraftModel(key, backend, config, model, context, context.getSequence(), vocabularySize);
    } catch (error) {
      await model.dispose();
      throw error;
    }
  }

  /** Whether loading this configuration would make the same again. */
  async isOf(config: LoadConfig): Promise<boolean> {
    return !this.#hasFailed && this.key === (await keyOf(config).catch(() => null));
  }

  get buffers(): Buffers {
    return countedBuffers(this.model, this.context);
  }

  /** For one answer. Guesses nothing more once the signal fires. */
  guesser(signal: AbortSignal): Guesser {
    const text: Token[] = [];
    return {
      push: tokens => {
        for (const token of tokens) text.push(token);
      },
      guess: limit => (signal.aborted || limit === 0 ? [] : this.#guess(text, limit, signal)),
    };
  }

  async #guess(text: readonly Token[], limit: number, signal: AbortSignal): Promise<Token[]> {
    if (this.#isGuessing || this.#hasFailed || text.length === 0) return [];
    if (text.some(token => token >= this.vocabularySize)) return [];
    this.#isGuessing = true;
    try {
      return await this.#writeOn(text, limit, signal);
    } catch (error) {
      // The answer does not need it: it goes on without guesses.
      this.#hasFailed = true;
      const why = errorReason(error);
      this.backend.log.write("warn", `The draft model failed and is left out until the next load: ${why}`);
      return [];
    } finally {
      this.#isGuessing = false;
    }
  }

  async #writeOn(text: readonly Token[], limit: number, signal: AbortSignal): Promise<Token[]> {
    const { sequence } = this;
    const { aborted } = await prefill(sequence, text, this.config.batchTokens, () => {}, signal);
    if (aborted) return [];
    const guess: Token[] = [];
    for await (const token of sequence.evaluate(text.slice(sequence.nextTokenIndex), { temperature: 0 })) {
      if (token >= this.vocabularySize || signal.aborted) break;
      guess.push(token);
      if (guess.length === limit) break;
    }
    return guess;
  }

  async dispose(): Promise<void> {
    await this.context.dispose();
    await this.model.dispose();
  }
}

const keyOf = async (config: LoadConfig): Promise<string> => JSON.stringify([config, await fileMark(config.modelPath)]);
