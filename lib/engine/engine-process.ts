import type { CommandName, EngineMessage, JobCommand, JobMessage } from "@/lib/schema/engine-commands";
import { complete } from "./answer/complete";
import { countTokens } from "./answer/count-tokens";
import { type Generation, type GenerationListener, generate } from "./answer/generate";
import { renderPrompt } from "./answer/render-prompt";
import { FreeCores } from "./backend/free-cores";
import { type LlamaBackend, readVram } from "./backend/llama-backend";
import { checkTensor, largestTensorBytes } from "./backend/tensor-limit";
import { DryRunShelf } from "./dry-runs/dry-run-shelf";
import { fillSurface } from "./dry-runs/fill-surface";
import { dryRunOracle } from "./dry-runs/surface-oracle";
import { CancelledError, errorMessage, JobError } from "./job-error";
import { Embedder } from "./model/embedder";
import type { LoadedModel } from "./model/loaded-model";
import { ModelHolder } from "./model/model-holder";
import { describeModel, detokenizeText, tokenizeParts } from "./prompt/tokenize-parts";
import { TextGatherer } from "./text-gatherer";
import { CallGatherer } from "./tools/call-gatherer";

type Send = (message: EngineMessage) => void;

/** A surface of 33 layers must be ready within three seconds of the request. */
const SURFACE_BUDGET_MS = 2500;

/** Commands that need no turn: they are short, and change nothing that an answer in progress uses. */
const BESIDE_OTHERS: ReadonlySet<string> = new Set<CommandName>([
  "vram",
  "fill-surface",
  "count",
  "tokenize",
  "detokenize",
  "render",
  "describe",
]);

/**
 * Runs the supervisor's commands. Answers run side by side, each on a sequence of its own. Every other command waits for all earlier ones
 * and runs alone, except those of `BESIDE_OTHERS`.
 * Each dry run of a surface waits until no other work runs, because planning can use the figures already known.
 */
export class EngineProcess {
  readonly #dryRuns: DryRunShelf;
  readonly #loader: ModelHolder;
  readonly #embedder: Embedder;
  readonly #aborts = new Map<string, AbortController>();
  readonly #freeCores = new FreeCores();
  /** Until the last command that must run alone has ended. */
  #alone: Promise<void> = Promise.resolve();
  readonly #answers = new Set<Promise<void>>();
  readonly #busyWith = new Set<string>();

  constructor(
    private readonly backend: LlamaBackend,
    private readonly send: Send,
  ) {
    this.#dryRuns = new DryRunShelf(backend);
    this.#embedder = new Embedder(backend, modelPath => this.#dryRuns.take(modelPath));
    this.#loader = new ModelHolder(backend, modelPath => this.#dryRuns.take(modelPath));
  }

  /** Called once a second: fits the number of threads to the cores that other programs leave free. Returns the id of a running command. */
  beat(): string | null {
    const freeCores = this.#freeCores.sample();
    if (this.#busyWith.size > 0) this.#loader.limitThreads(freeCores);
    return this.#busyWith.values().next().value ?? null;
  }

  /** Makes this command end soon. */
  cancel(commandId: string): void {
    this.#aborts.get(commandId)?.abort();
  }

  handle(command: JobCommand): void {
    const abort = new AbortController();
    this.#aborts.set(command.id, abort);
    if (BESIDE_OTHERS.has(command.type)) void this.#answer(command, abort);
    else if (command.type === "generate" || command.type === "complete") this.#beside(command, abort);
    else this.#alone = this.#idle().then(() => this.#inTurn(command, abort));
  }

  /** Ends all work and frees all memory; the process may end afterwards. */
  async close(): Promise<void> {
    for (const abort of this.#aborts.values()) abort.abort();
    await this.#idle();
    await this.#loader.unload();
    await this.#embedder.unload();
  }

  /** Until every command so far has ended. */
  async #idle(): Promise<void> {
    await Promise.all([this.#alone, ...this.#answers]);
  }

  #beside(command: JobCommand, abort: AbortController): void {
    const answer = this.#alone.then(() => this.#inTurn(command, abort));
    this.#answers.add(answer);
    void answer.finally(() => this.#answers.delete(answer));
  }

  async #inTurn(command: JobCommand, abort: AbortController): Promise<void> {
    this.#busyWith.add(command.id);
    this.#loader.limitThreads(this.#freeCores.latest);
    await this.#answer(command, abort);
    this.#busyWith.delete(command.id);
  }

  async #answer(command: JobCommand, abort: AbortController): Promise<void> {
    try {
      if (abort.signal.aborted) throw new CancelledError();
      this.send(await this.#do(command, abort.signal));
    } catch (error) {
      this.send(errorMessage(command, error));
    } finally {
      this.#aborts.delete(command.id);
    }
  }

  async #do(command: JobCommand, signal: AbortSignal): Promise<JobMessage> {
    const { id } = command;
    switch (command.type) {
      case "load":
        return this.#load(command, signal);
      case "generate":
        return this.#write(id, listener => generate(this.#loaded(), command, listener, signal));
      case "complete":
        return this.#write(id, listener => complete(this.#loaded(), command, listener, signal));
      case "count":
        return { type: "counted", id, ...(await countTokens(this.#loaded(), command)) };
      case "dry-run":
        return this.#dryRun(command);
      case "fill-surface":
        return this.#fillSurface(command, signal);
      case "tokenize":
        return { type: "tokenized", id, ...tokenizeParts(this.#loaded().model, command) };
      case "detokenize":
        return { type: "detokenized", id, text: detokenizeText(this.#loaded().model, command.tokens) };
      case "render":
        return { type: "rendered", id, prompt: await renderPrompt(this.#loaded(), command) };
      case "describe":
        return { type: "described", id, ...describeModel(this.#loaded().model) };
      case "embed":
        return { type: "embedded", id, ...(await this.#embedder.embed(command, signal)) };
      case "vram":
        return { type: "vram", id, vram: await readVram(this.backend) };
    }
  }

  async #load({ id, config }: JobCommand<"load">, signal: AbortSignal): Promise<JobMessage> {
    const report = await this.#loader.load(config, {
      signal,
      onProgress: progress => this.send({ type: "progress", id, ...progress }),
    });
    return { type: "loaded", id, ...report };
  }

  async #dryRun({ id, config }: JobCommand<"dry-run">): Promise<JobMessage> {
    const dryRun = await this.#dryRuns.take(config.modelPath);
    checkTensor(this.backend.info, dryRun, config);
    const buffers = await dryRun.buffers(config);
    const devices = await dryRun.devices(config);
    return { type: "dry-run", id, buffers, ...(devices !== null && { devices: [...devices] }) };
  }

  async #fillSurface(command: JobCommand<"fill-surface">, signal: AbortSignal): Promise<JobMessage> {
    const { id, surface, useMmap } = command;
    const beganMs = performance.now();
    const { gpuUsable, placement } = this.backend.info;
    const dryRun = await this.#dryRuns.take(command.modelPath);
    const runsBefore = dryRun.runs;
    const filled = await fillSurface(
      dryRunOracle(
        dryRun,
        { ...surface, useMmap },
        {
          gpu: gpuUsable,
          placesExperts: placement.kind === "ready",
          cards: placement.kind === "ready" ? placement.cards.length : 0,
        },
      ),
      surface,
      {
        budgetMs: command.budgetMs ?? SURFACE_BUDGET_MS,
        largestTensorBytes: largestTensorBytes(this.backend.info),
        onProgress: everyPercent(fraction => this.send({ type: "progress", id, phase: "surface", fraction })),
        checkIn: async () => {
          await this.#idle();
          if (signal.aborted) throw new CancelledError();
        },
      },
    );
    const elapsedMs = performance.now() - beganMs;
    return { type: "surface", id, surface: filled, dryRuns: dryRun.runs - runsBefore, elapsedMs };
  }

  #loaded(): LoadedModel {
    const { loaded } = this.#loader;
    if (loaded === null) throw new JobError("MODEL_NOT_FOUND", "No model is loaded.");
    return loaded;
  }

  /** Sends an answer while it is written. All of its text is sent before the message that ends it. */
  async #write(id: string, answer: (listener: GenerationListener) => Promise<Generation>): Promise<JobMessage> {
    const text = new TextGatherer(piece => this.send({ type: "text", id, ...piece }));
    const calls = new CallGatherer(piece => this.send({ type: "tool-call", id, ...piece }));
    try {
      const generation = await answer({
        onPrefill: (doneTokens, totalTokens) => this.send({ type: "prefill", id, doneTokens, totalTokens }),
        onText: piece => text.add(piece),
        onCall(piece) {
          text.flush();
          calls.add(piece);
        },
        onPrompt: prompt => this.send({ type: "prompt", id, prompt }),
      });
      return { type: "finished", id, ...generation };
    } finally {
      text.flush();
      calls.flush();
    }
  }
}

/** Passes on progress only when it has grown by a percent, because a dry run takes only a few milliseconds. */
function everyPercent(report: (fraction: number) => void): (fraction: number) => void {
  let reported = 0;
  return fraction => {
    if (fraction - reported < 0.01) return;
    reported = fraction;
    report(fraction);
  };
}
