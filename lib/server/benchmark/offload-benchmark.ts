import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import type { ErrorBody } from "@/lib/schema/api-error";
import {
  type BenchmarkProgress,
  type BenchmarkRow,
  type BenchmarkRun,
  type BenchmarkState,
  type BenchmarkStep,
  type BenchmarkSubject,
  type BenchmarkWayId,
  benchmarkWayIds,
} from "@/lib/schema/benchmark";
import type { Settings } from "@/lib/schema/settings/settings";
import { EngineCancelledError, EngineError } from "@/lib/server/engine/engine-errors";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import type { SpeedSizes } from "@/lib/server/loading/measure-speed";
import type { ModelHost } from "@/lib/server/loading/model-host";
import type { Planner } from "@/lib/server/planning/planner";
import type { BenchmarkStore } from "./benchmark-store";
import { estimateRowMs, progressAt } from "./offload-benchmark-estimate";
import { type BenchmarkBench, measureRow, problemOf } from "./offload-benchmark-row";

/** A prompt of about a page and a short answer, three times: 10 s a row with a small model on two cores. */
const benchmarkSizes: SpeedSizes = { promptTokens: 512, generatedTokens: 64, repeats: 3, limitMs: 40_000 };

export interface OffloadBenchmarkOptions extends BenchmarkBench {
  readonly planner: Pick<Planner, "confirmedPlanFor" | "planFor" | "configOf">;
  readonly engine: Pick<EngineSupervisor, "complete" | "dryRun" | "snapshot">;
  readonly host: Pick<ModelHost, "borrow">;
  readonly store: Pick<BenchmarkStore, "append" | "list">;
  readSettings(): Settings;
  readonly nowMs?: () => number;
  readonly sizes?: SpeedSizes;
}

interface RunningBenchmark {
  readonly subject: BenchmarkSubject;
  readonly startedAtMs: number;
  readonly estimateRowMs: number;
  readonly cancel: AbortController;
  readonly rows: BenchmarkRow[];
  wayId: BenchmarkWayId | null;
  step: BenchmarkStep;
  rowStartedAtMs: number;
}

/** The benchmark of this machine: runs the four ways one after the other on the one engine. A run that reached its end is kept. */
export class OffloadBenchmark {
  #running: RunningBenchmark | null = null;
  #done: Promise<BenchmarkRun | null> = Promise.resolve(null);
  #problem: ErrorBody | null = null;

  constructor(private readonly options: OffloadBenchmarkOptions) {}

  async state(): Promise<BenchmarkState> {
    const runs = await this.options.store.list();
    const subject = this.#running?.subject ?? (await this.#subject().catch(() => null));
    return {
      next: subject && { subject, estimateMs: this.#estimateRowMs(subject, runs) * benchmarkWayIds.length },
      running: this.#running && this.#progressOf(this.#running),
      problem: this.#problem,
      runs,
    };
  }

  /**
   * Begins, and resolves as soon as it has the engine.
   *
   * @throws EngineError BUSY while another one runs or somebody uses the engine; what makes planning impossible
   */
  async start(): Promise<void> {
    const subject = await this.#subject();
    const runs = await this.options.store.list();
    if (this.#running !== null) throw new EngineError("BUSY", "A benchmark is running already.");
    const startedAtMs = this.#nowMs();
    const running: RunningBenchmark = {
      subject,
      startedAtMs,
      estimateRowMs: this.#estimateRowMs(subject, runs),
      cancel: new AbortController(),
      rows: [],
      wayId: benchmarkWayIds[0],
      step: "planning",
      rowStartedAtMs: startedAtMs,
    };
    this.#running = running;
    this.#problem = null;
    await new Promise<void>((begun, refused) => {
      this.#done = this.#run(running, begun).catch(error => {
        refused(error);
        return null;
      });
    });
  }

  /** Ends it as soon as the engine lets go. `finished` resolves when the engine is back as it was. */
  cancel(): void {
    this.#running?.cancel.abort(new EngineCancelledError("The benchmark was cancelled; nothing of it was kept."));
  }

  /** The run in progress, or the last one; null when it has no result. Never rejects. */
  finished(): Promise<BenchmarkRun | null> {
    return this.#done;
  }

  /** @throws EngineError BUSY before it has begun; later failures are reported in the state */
  async #run(running: RunningBenchmark, begun: () => void): Promise<BenchmarkRun | null> {
    let hasEngine = false;
    try {
      await this.options.host.borrow(async () => {
        hasEngine = true;
        begun();
        await this.#measureRows(running);
      }, "A benchmark is measuring this computer: chats wait until it is done.");
      return await this.#keep(running);
    } catch (error) {
      if (!hasEngine) throw error;
      this.#problem = problemOf(error);
      return null;
    } finally {
      this.#running = null;
    }
  }

  async #measureRows(running: RunningBenchmark): Promise<void> {
    const settings = this.options.readSettings();
    const sizes = this.options.sizes ?? benchmarkSizes;
    for (const id of benchmarkWayIds) {
      running.wayId = id;
      const onStep = (step: BenchmarkStep) => {
        running.step = step;
      };
      running.rows.push(await measureRow(this.options, { id, settings, sizes }, running.cancel.signal, onStep));
      running.rowStartedAtMs = this.#nowMs();
    }
    running.wayId = null;
    running.step = "restoring";
  }

  async #keep({ subject, rows, startedAtMs }: RunningBenchmark): Promise<BenchmarkRun> {
    const run: BenchmarkRun = {
      id: randomUUID(),
      atMs: startedAtMs,
      elapsedMs: this.#nowMs() - startedAtMs,
      subject,
      llamaCppRelease: this.options.engine.snapshot().info?.llamaCppRelease ?? "unknown",
      rows,
    };
    await this.options.store.append(run);
    return run;
  }

  async #subject(): Promise<BenchmarkSubject> {
    const settings = this.options.readSettings();
    const outcome = await this.options.planner.planFor(settings);
    const { surface, gpu, modelPath } = outcome;
    return {
      modelName: basename(modelPath),
      modelFileBytes: surface.model.fileBytes,
      contextTokens: settings.N_CTX,
      batchTokens: settings.N_BATCH,
      targetVramUsage: settings.TARGET_VRAM_USAGE,
      threads: this.options.planner.configOf(outcome, settings).threads,
      backend: gpu?.backend ?? "none",
      gpuName: gpu?.name ?? null,
    };
  }

  #progressOf(running: RunningBenchmark): BenchmarkProgress {
    const { startedAtMs, rowStartedAtMs, estimateRowMs: rowMs, wayId, step, rows, cancel } = running;
    const times = { nowMs: this.#nowMs(), startedAtMs, rowStartedAtMs, doneRows: rows.length, estimateRowMs: rowMs };
    return { startedAtMs, wayId, step, ...progressAt(times), cancelling: cancel.signal.aborted, rows: [...rows] };
  }

  #estimateRowMs(subject: BenchmarkSubject, runs: readonly BenchmarkRun[]): number {
    return estimateRowMs(subject, runs, this.options.sizes ?? benchmarkSizes);
  }

  #nowMs(): number {
    return (this.options.nowMs ?? Date.now)();
  }
}
