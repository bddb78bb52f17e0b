import type { EngineCommand, EngineMessage } from "@/lib/schema/engine-messages";
import { MIB } from "@/lib/units/bytes";
import { complete } from "./complete";
import { countTokens } from "./count-tokens";
import { DryRun } from "./dry-run";
import { type GenerationListener, generate } from "./generate";
import { CancelledError, errorMessage } from "./job-error";
import { type LlamaBackend, readVram } from "./llama-backend";
import { LoadedModel } from "./loaded-model";
import { sampleSurface } from "./sample-surface";
import { dryRunOracle } from "./surface-oracle";

type CommandOf<Type extends EngineCommand["type"]> = Extract<EngineCommand, { type: Type }>;
type Send = (message: EngineMessage) => void;

/** Dry runs of the surface after this are not worth the wait; the confirming dry run mends what is missing. */
const SURFACE_BUDGET_MS = 2500;
/** Mesa's software device aborts on a larger tensor (engine.md, "A GPU for tests"); real cards hold what fits them. */
const SOFTWARE_DEVICE_TENSOR_BYTES = 128 * MIB;
const KEPT_DRY_RUNS = 4;

/**
 * Does what the supervisor asks, one command after another. Only cancelling and reading the memory go beside; a surface is
 * sampled in the gaps, because planning works meanwhile and a chat should not wait for it.
 */
export class EngineProcess {
  readonly #model: LoadedModel;
  readonly #dryRuns = new Map<string, Promise<DryRun>>();
  readonly #aborts = new Map<string, AbortController>();
  #queue: Promise<void> = Promise.resolve();
  #busyWith: string | null = null;

  constructor(
    private readonly backend: LlamaBackend,
    private readonly send: Send,
  ) {
    this.#model = new LoadedModel(backend);
  }

  get busyWith(): string | null {
    return this.#busyWith;
  }

  handle(command: EngineCommand): void {
    if (command.type === "cancel") this.#aborts.get(command.target)?.abort();
    else if (command.type === "vram") void this.#answer(command);
    else if (command.type === "sample-surface") void this.#answer(command);
    else this.#queue = this.#queue.then(() => this.#inTurn(command));
  }

  /** Gives everything back; the process may end afterwards. */
  async close(): Promise<void> {
    for (const abort of this.#aborts.values()) abort.abort();
    await this.#queue;
    await this.#model.unload();
  }

  async #inTurn(command: EngineCommand): Promise<void> {
    this.#busyWith = command.id;
    await this.#answer(command);
    this.#busyWith = null;
  }

  async #answer(command: EngineCommand): Promise<void> {
    const abort = new AbortController();
    this.#aborts.set(command.id, abort);
    try {
      this.send(await this.#do(command, abort.signal));
    } catch (error) {
      this.send(errorMessage(command.id, error));
    } finally {
      this.#aborts.delete(command.id);
    }
  }

  async #do(command: EngineCommand, signal: AbortSignal): Promise<EngineMessage> {
    const { id } = command;
    switch (command.type) {
      case "load": {
        const report = await this.#model.load(
          command.config,
          (phase, fraction) => this.send({ type: "progress", id, phase, fraction }),
          signal,
        );
        return { type: "loaded", id, ...report };
      }
      case "generate":
        return {
          type: "finished",
          id,
          ...(await generate(this.#model.generator(), command, this.#listener(id), signal)),
        };
      case "complete":
        return {
          type: "finished",
          id,
          ...(await complete(this.#model.generator(), command, this.#listener(id), signal)),
        };
      case "count": {
        const { sequence, chatWrapper } = this.#model.generator();
        return { type: "counted", id, ...countTokens(sequence.model, chatWrapper, command.turns) };
      }
      case "dry-run":
        return {
          type: "dry-run",
          id,
          buffers: await (await this.#dryRunOf(command.config.modelPath)).buffers(command.config),
        };
      case "sample-surface":
        return this.#sampleSurface(command, signal);
      case "vram":
        return { type: "vram", id, vram: await readVram(this.backend) };
      case "unload":
      case "shutdown":
        await this.#model.unload();
        return { type: "unloaded", id };
      case "cancel":
        throw new CancelledError();
    }
  }

  async #sampleSurface(command: CommandOf<"sample-surface">, signal: AbortSignal): Promise<EngineMessage> {
    const { id, surface, useMmap } = command;
    const { gpuUsable, devices } = this.backend.info;
    const startedMs = performance.now();
    const dryRun = await this.#dryRunOf(command.modelPath);
    const runsBefore = dryRun.runs;
    const sampled = await sampleSurface(dryRunOracle(dryRun, { ...surface, useMmap }, gpuUsable), surface, {
      budgetMs: SURFACE_BUDGET_MS,
      exactAt: [],
      largestTensorBytes: devices.some(name => name.includes("llvmpipe"))
        ? SOFTWARE_DEVICE_TENSOR_BYTES
        : Number.POSITIVE_INFINITY,
      onProgress: fraction => this.send({ type: "progress", id, phase: "surface", fraction }),
      checkIn: async () => {
        await this.#queue;
        if (signal.aborted) throw new CancelledError();
      },
    });
    return {
      type: "surface",
      id,
      surface: sampled,
      dryRuns: dryRun.runs - runsBefore,
      elapsedMs: performance.now() - startedMs,
    };
  }

  /** Kept by path, the last few: opening one reads the header and builds the vocabulary. */
  #dryRunOf(modelPath: string): Promise<DryRun> {
    const known = this.#dryRuns.get(modelPath);
    if (known) return known;
    const opening = DryRun.open(this.backend, modelPath);
    this.#dryRuns.set(modelPath, opening);
    opening.catch(() => this.#dryRuns.delete(modelPath));
    const [oldest] = this.#dryRuns.keys();
    if (this.#dryRuns.size > KEPT_DRY_RUNS && oldest !== undefined) this.#dryRuns.delete(oldest);
    return opening;
  }

  #listener(id: string): GenerationListener {
    return {
      onPrefill: (doneTokens, totalTokens) => this.send({ type: "prefill", id, doneTokens, totalTokens }),
      onText: (text, tokens, thought) => this.send({ type: "text", id, text, tokens, thought }),
    };
  }
}
