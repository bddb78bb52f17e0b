import { randomUUID } from "node:crypto";
import { type RamPlan, ramConsequence, ramShortage } from "@/lib/plan/placement/plan-ram";
import type { ErrorBody } from "@/lib/schema/api-error";
import {
  type Comparison,
  type ComparisonColumn,
  type ComparisonEvent,
  type ComparisonRequest,
  comparisonRefusal,
} from "@/lib/schema/comparison";
import type { ChatTurn } from "@/lib/schema/engine-commands";
import type { GenerationStats } from "@/lib/schema/generation";
import { samplingWith } from "@/lib/schema/settings/sampling";
import type { Settings } from "@/lib/schema/settings/settings";
import { EngineCancelledError, EngineError } from "@/lib/server/engine/engine-errors";
import type { EngineSupervisor, GenerateRequest } from "@/lib/server/engine/engine-supervisor";
import { Inbox } from "@/lib/server/engine/inbox";
import type { ModelHost } from "@/lib/server/loading/model-host";
import type { LoadOutcome, ModelLoader } from "@/lib/server/loading/model-loader";
import { errorAnswer } from "@/lib/server/system/error-table";
import { RequestError } from "@/lib/server/system/request-error";
import { formatTokens } from "@/lib/units/tokens";
import { type ComparedPlanServices, planCompared } from "./plan-compared";

export interface ModelComparisonOptions extends ComparedPlanServices {
  readonly engine: Pick<EngineSupervisor, "generate" | "snapshot" | "restart" | "pid">;
  readonly loader: Pick<ModelLoader, "load">;
  readonly host: Pick<ModelHost, "becomeFree" | "borrow">;
  /** Every finished answer, with its times. */
  onAnswered?(stats: GenerationStats): void;
}

type ColumnState = ComparisonColumn["state"];

/**
 * Asks several models the same, one after the other on the one engine. A comparison belongs to the server and not to a tab: it goes
 * on when the page closes, and a page that opens later is told all of it.
 */
export class ModelComparison {
  #comparison: Comparison | null = null;
  #stopper: AbortController | null = null;
  #done: Promise<void> = Promise.resolve();
  readonly #followers = new Set<Inbox<ComparisonEvent>>();

  constructor(private readonly options: ModelComparisonOptions) {}

  /**
   * Begins as soon as a load in progress has ended, and resolves when it has the engine.
   *
   * @throws RequestError for a question that cannot be asked; EngineError BUSY while another one runs or an answer is written
   */
  async start(request: ComparisonRequest): Promise<{ id: string }> {
    const refusal = comparisonRefusal(request);
    if (refusal !== null) throw new RequestError("INVALID_INPUT", refusal);
    if (this.#stopper !== null)
      throw new EngineError("BUSY", "A comparison is running already: stop it, or wait for its end.");
    const stopper = new AbortController();
    this.#stopper = stopper;
    const id = randomUUID();
    await new Promise<void>((begun, refused) => {
      const begin = () => {
        this.#change(newComparison(id, request));
        begun();
      };
      this.#done = this.#run(begin, stopper.signal).catch(refused);
    });
    return { id };
  }

  /** Ends it as soon as the engine lets go; the answers so far stay. `finished` resolves when the engine is back as it was. */
  stop(): void {
    if (this.#comparison?.phase === "asking") this.#change({ ...this.#comparison, phase: "stopping" });
    this.#stopper?.abort(new EngineCancelledError("The comparison was stopped."));
  }

  /** Resolves when none runs. Never rejects. */
  finished(): Promise<void> {
    return this.#done;
  }

  /** All of it as it is now, then each change; ends with the comparison. */
  async *follow(signal: AbortSignal): AsyncGenerator<ComparisonEvent, void, undefined> {
    const inbox = new Inbox<ComparisonEvent>();
    const leave = () => inbox.fail(signal.reason);
    const present: ComparisonEvent = { kind: "comparison", comparison: this.#comparison };
    if (this.#comparison === null || this.#comparison.phase === "over") inbox.closeWith(present);
    else inbox.push(present);
    this.#followers.add(inbox);
    signal.addEventListener("abort", leave, { once: true });
    try {
      yield* inbox;
    } finally {
      signal.removeEventListener("abort", leave);
      this.#followers.delete(inbox);
    }
  }

  /** @throws EngineError BUSY before it has begun */
  async #run(begin: () => void, signal: AbortSignal): Promise<void> {
    let hasBegun = false;
    try {
      await this.options.host.becomeFree(signal);
      signal.throwIfAborted();
      await this.options.host.borrow(async () => {
        begin();
        hasBegun = true;
        await this.#askAll(signal);
      }, "Models are being compared: chats wait until it is done.");
    } finally {
      this.#stopper = null;
      if (hasBegun && this.#comparison !== null)
        this.#change({ ...this.#comparison, phase: "over", problem: this.options.engine.snapshot().error });
    }
  }

  async #askAll(signal: AbortSignal): Promise<void> {
    const { columns = [] } = this.#comparison ?? {};
    for (const index of columns.keys()) {
      if (signal.aborted) this.#changeColumn(index, { state: { kind: "stopped" } });
      else await this.#ask(index, signal);
    }
    if (this.#comparison !== null) this.#change({ ...this.#comparison, phase: "restoring" });
  }

  /** Whatever goes wrong is this column's result, and the next model is asked. */
  async #ask(index: number, signal: AbortSignal): Promise<void> {
    const { options } = this;
    const { model } = this.#column(index);
    this.#changeColumn(index, { state: { kind: "loading" } });
    try {
      const { plan, ram } = await planCompared(options, model);
      this.#changeColumn(index, { plan });
      refuseShortRam(ram);
      const settings = options.settings.readFor(model);
      const loaded = loadedForAnswer(await options.loader.load(settings, signal), plan.totalLayers);
      this.#changeColumn(index, { state: { kind: "answering", loaded } });
      this.#changeColumn(index, { state: await this.#answer(index, settings, loaded, signal) });
    } catch (error) {
      this.#changeColumn(index, {
        state: signal.aborted ? { kind: "stopped" } : { kind: "failed", problem: problemOf(error) },
      });
      // Otherwise an engine that has given up would refuse the other models, too.
      if (options.engine.snapshot().state === "failed") await options.engine.restart().catch(() => {});
    }
  }

  async #answer(
    index: number,
    settings: Settings,
    loaded: LoadedForAnswer,
    signal: AbortSignal,
  ): Promise<Extract<ColumnState, { kind: "answered" }>> {
    const { prompt = "", maxTokens = 1 } = this.#comparison ?? {};
    const request = requestFor(prompt, { ...settings, MAX_TOKENS: maxTokens });
    for await (const message of this.options.engine.generate(request, signal)) {
      if (message.type === "text") this.#write(index, message.text, message.thought);
      if (message.type !== "finished") continue;
      const { reason, stats } = message;
      this.options.onAnswered?.(stats);
      return { kind: "answered", loaded, reason, stats };
    }
    throw new Error("The engine ended an answer without saying why.");
  }

  #column(index: number): ComparisonColumn {
    const column = this.#comparison?.columns[index];
    if (column === undefined) throw new Error(`The comparison has no column ${index}.`);
    return column;
  }

  #write(index: number, text: string, isThought: boolean): void {
    const key = isThought ? "thought" : "text";
    const column = this.#column(index);
    this.#keepColumn(index, { ...column, [key]: column[key] + text });
    this.#publish({ kind: "words", column: index, text, isThought });
  }

  #changeColumn(index: number, change: Partial<ComparisonColumn>): void {
    this.#keepColumn(index, { ...this.#column(index), ...change });
    this.#publish({ kind: "comparison", comparison: this.#comparison });
  }

  #keepColumn(index: number, column: ComparisonColumn): void {
    if (this.#comparison === null) return;
    this.#comparison = { ...this.#comparison, columns: this.#comparison.columns.with(index, column) };
  }

  #change(comparison: Comparison): void {
    this.#comparison = comparison;
    this.#publish({ kind: "comparison", comparison });
  }

  #publish(event: ComparisonEvent): void {
    const isLast = event.kind === "comparison" && event.comparison?.phase === "over";
    for (const follower of this.#followers) isLast ? follower.closeWith(event) : follower.push(event);
  }
}

type LoadedForAnswer = Extract<ColumnState, { kind: "answering" }>["loaded"];

const newComparison = (id: string, { models, prompt, maxTokens }: ComparisonRequest): Comparison => ({
  id,
  prompt,
  maxTokens,
  phase: "asking",
  columns: models.map(model => ({ model, plan: null, state: { kind: "waiting" }, text: "", thought: "" })),
  problem: null,
});

const loadedForAnswer = ({ loaded, lowered }: LoadOutcome, totalLayers: number): LoadedForAnswer => ({
  gpuLayers: loaded.config.gpuLayers,
  totalLayers,
  contextTokens: loaded.config.contextTokens,
  loadMs: loaded.reused === "everything" ? null : loaded.elapsedMs,
  lowered,
});

/** As a chat with this model would ask it, without a conversation before. */
function requestFor(prompt: string, settings: Settings): GenerateRequest {
  const turns: ChatTurn[] = [{ role: "user", content: prompt }];
  if (settings.SYSTEM_PROMPT !== "") turns.unshift({ role: "system", content: settings.SYSTEM_PROMPT });
  return { turns, sampling: samplingWith({}, settings) };
}

/** The model picker refuses such a model as well: the computer would swap, and the other models with it. */
function refuseShortRam(ram: RamPlan): void {
  if (ram.outcome !== "fits") throw new EngineError("OUT_OF_MEMORY", `${ramShortage(ram)} ${ramConsequence(ram)}`);
}

function problemOf(error: unknown): ErrorBody {
  const { body } = errorAnswer(error);
  if (!(error instanceof EngineError) || error.promptTokens === null || error.contextTokens === null) return body;
  return {
    code: body.code,
    message: `The question takes ${formatTokens(error.promptTokens)} tokens and this model's context holds ${formatTokens(error.contextTokens)}.`,
    next: "Shorten the question, or give this model a larger context.",
  };
}
