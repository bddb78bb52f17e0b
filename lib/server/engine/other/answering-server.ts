import type { ChatTurn, PromptOptions, Sampling } from "@/lib/schema/engine-commands";
import type { AnsweringEngine, EngineKind, EngineLoad } from "@/lib/schema/engines/answering-engine";
import type { EngineSnapshot } from "@/lib/schema/live-events";
import type { CompleteRequest, GenerateRequest, GenerationMessage } from "@/lib/server/engine/engine-supervisor";
import { errorAnswer, errorCodeOf } from "@/lib/server/system/error-table";
import { askServer, type ServerAddress, whoOf } from "./ask-server";
import { type Counted, TokenCounter } from "./count-tokens";
import { describeServer } from "./describe-server";
import { readAnswer } from "./read-answer";
import { readLoad } from "./read-load";
import { chatBody, promptBody } from "./server-request";
import { llamaVocabulary, type Vocabulary } from "./vocabulary";

/** Reading a long prompt may take minutes, in which some servers send nothing. */
const ANSWER_SILENCE_MS = 4 * 60_000;
/** The list of models is the one thing that every server has. Some have hundreds, so it is not asked for each time. */
const SIGN_OF_LIFE_INTERVAL_MS = 15_000;
/** A server that is only busy is not away. */
const SIGN_OF_LIFE_SILENCE_MS = 30_000;

export interface AnsweringServerOptions extends ServerAddress {
  readonly engineId: string;
  readonly kind: EngineKind;
  readonly model: string;
  readonly contextTokens: number;
  readonly takesPictures: boolean;
  readonly onChange: () => void;
  readonly answerSilenceMs?: number;
  readonly now?: () => number;
}

/** What answers in place of the engine of this process. */
export interface AnsweringElsewhere {
  snapshot(): AnsweringSnapshot;
  ensureReady(signal?: AbortSignal): Promise<void>;
  generate(request: GenerateRequest, signal?: AbortSignal): AsyncGenerator<GenerationMessage, void, undefined>;
  complete(request: CompleteRequest, signal?: AbortSignal): AsyncGenerator<GenerationMessage, void, undefined>;
  count(turns: readonly ChatTurn[], options?: PromptOptions): Promise<Counted>;
  /** Reads what it reports about its load; the snapshot has it then. */
  refresh(): Promise<void>;
  /** null where it tells nothing of it. */
  vocabulary(): Promise<Vocabulary | null>;
  /** The settings have changed. @returns whether that took another load */
  follow(): Promise<boolean>;
  /** Somebody asked for another try. */
  reload(): Promise<void>;
  /** Gives memory of this computer back. */
  stop(): Promise<void>;
}

/** One model of a server with OpenAI's API, in place of the engine of this process. */
export class AnsweringServer implements AnsweringElsewhere {
  readonly #counter: TokenCounter;
  #answers = 0;
  #error: EngineSnapshot["error"] = null;
  #load: EngineLoad | null = null;
  readonly #now: () => number;
  #signOfLifeAtMs: number;

  constructor(private readonly options: AnsweringServerOptions) {
    this.#counter = new TokenCounter(options, options.kind, options.model);
    this.#now = options.now ?? (() => performance.now());
    this.#signOfLifeAtMs = this.#now();
  }

  /** How it stands; laid over the snapshot of the own engine, which has no model now. */
  snapshot(): AnsweringSnapshot {
    const { engineId, name, kind, address, model, contextTokens, takesPictures } = this.options;
    return {
      state: this.#error !== null ? "failed" : this.#answers > 0 ? "generating" : "loaded",
      modelName: model,
      hasChatTemplate: true,
      error: this.#error,
      answering: this.#answers,
      other: { engineId, engineName: name, kind, address, model, contextTokens, takesPictures, load: this.#load },
    };
  }

  /** The server loads its models itself. Only one that failed is asked first, so that a message does not wait for nothing. */
  async ensureReady(signal?: AbortSignal): Promise<void> {
    if (this.#error !== null) await this.#noting(() => describeServer(this.options, signal));
  }

  generate(request: GenerateRequest, signal?: AbortSignal): AsyncGenerator<GenerationMessage, void, undefined> {
    const { kind, model } = this.options;
    const body = () => chatBody(request, kind, model, whoOf(this.options));
    const { toolUse } = request;
    return this.#answer(
      "/v1/chat/completions",
      body,
      request.sampling,
      signal,
      toolUse !== undefined && toolUse.choice !== "auto",
    );
  }

  complete(request: CompleteRequest, signal?: AbortSignal): AsyncGenerator<GenerationMessage, void, undefined> {
    const { kind, model } = this.options;
    const body = () => promptBody(request, kind, model, whoOf(this.options));
    return this.#answer("/v1/completions", body, request.sampling, signal);
  }

  count(turns: readonly ChatTurn[], options?: PromptOptions): Promise<Counted> {
    return this.#counter.count(turns, options);
  }

  async vocabulary(): Promise<Vocabulary | null> {
    return this.options.kind === "llama-server" ? llamaVocabulary(this.options) : null;
  }

  reload(): Promise<void> {
    return this.ensureReady();
  }

  /** Its model does not depend on our settings. */
  async follow(): Promise<boolean> {
    return false;
  }

  /** It has no memory here. */
  async stop(): Promise<void> {}

  /** Reads what the server reports about its load, and whether it has gone away or is back. */
  async refresh(): Promise<void> {
    const { kind, model } = this.options;
    const before = JSON.stringify([this.#load, this.#error]);
    const hasTold = this.#load !== null;
    this.#load = await readLoad(this.options, kind, model);
    if (this.#load !== null) this.#error = null;
    else if (this.#error !== null) await this.ensureReady().catch(() => {});
    else await this.#awaitSignOfLife(hasTold).catch(() => {});
    if (JSON.stringify([this.#load, this.#error]) !== before) this.options.onChange();
  }

  /** @param isMissed whether it just stopped telling of its load */
  async #awaitSignOfLife(isMissed: boolean): Promise<void> {
    const isDue = this.#now() - this.#signOfLifeAtMs >= SIGN_OF_LIFE_INTERVAL_MS;
    if (this.#answers > 0 || !(isMissed || isDue)) return;
    this.#signOfLifeAtMs = this.#now();
    const question = { silenceMs: SIGN_OF_LIFE_SILENCE_MS };
    const { body } = await this.#noting(() => askServer(this.options, "/v1/models", question));
    await body?.cancel();
  }

  async *#answer(
    path: string,
    body: () => object,
    { maxTokens }: Pick<Sampling, "maxTokens">,
    signal: AbortSignal | undefined,
    mustCall = false,
  ): AsyncGenerator<GenerationMessage, void, undefined> {
    const { answerSilenceMs = ANSWER_SILENCE_MS, model } = this.options;
    const now = this.#now;
    this.#answers += 1;
    this.options.onChange();
    try {
      const askedAtMs = now();
      const lengthMeans = maxTokens > 0 ? "length" : "context";
      const question = { body: body(), signal, silenceMs: answerSilenceMs, model };
      const response = await this.#noting(() => askServer(this.options, path, question));
      yield* readAnswer(response, { server: this.options, model, signal, lengthMeans, mustCall, now, askedAtMs });
    } catch (error) {
      this.#note(error);
      throw error;
    } finally {
      this.#answers -= 1;
      this.options.onChange();
    }
  }

  async #noting<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await work();
      this.#error = null;
      return result;
    } catch (error) {
      this.#note(error);
      throw error;
    }
  }

  /** A request that was refused for its own sake says nothing about the next. */
  #note(error: unknown): void {
    const code = errorCodeOf(error);
    if (code === "ENGINE_AWAY" || code === "ENGINE_REFUSED") this.#error = errorAnswer(error).body;
  }
}

/** The part of the snapshot that is of the answering engine. */
export type AnsweringSnapshot = Pick<
  EngineSnapshot,
  "state" | "modelName" | "hasChatTemplate" | "error" | "answering"
> & {
  readonly other: AnsweringEngine;
};
