import { memoryNeed } from "@/lib/plan/memory/memory-need";
import { stepDown } from "@/lib/plan/placement/step-down";
import { errorReason } from "@/lib/schema/error-reason";
import type { GpuReport } from "@/lib/schema/plans/gpu-memory";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { Settings } from "@/lib/schema/settings/settings";
import { EngineCrashedError, EngineError, EngineHungError } from "@/lib/server/engine/engine-errors";
import type { EngineSupervisor, LoadedMessage } from "@/lib/server/engine/engine-supervisor";
import type { ModelFiles } from "@/lib/server/models/library/model-files";
import type { GpuSource } from "@/lib/server/planning/known-surfaces";
import type { MachineSpeedMeter } from "@/lib/server/planning/machine-speed";
import type { ConfirmedPlan, Planner } from "@/lib/server/planning/planner";
import type { LogWriter } from "@/lib/server/system/log";
import { systemTimers, type Timers } from "@/lib/server/system/timers";
import type { DraftHolder } from "./draft-holder";
import { actualParts, makeReceipt, measureOverhead, predictedParts } from "./make-receipt";
import type { ReceiptStore } from "./receipt-store";

export interface ModelLoaderOptions {
  readonly engine: Pick<EngineSupervisor, "load" | "start" | "snapshot" | "describeLoaded">;
  readonly planner: Pick<Planner, "confirmedPlanFor">;
  readonly models: Pick<ModelFiles, "nameOf" | "readProfile">;
  readonly gpu: GpuSource;
  readonly receipts: Pick<ReceiptStore, "append">;
  readonly machineSpeed: Pick<MachineSpeedMeter, "read">;
  /** Left out if nothing is loaded beside a model. */
  readonly drafts?: Pick<DraftHolder, "hold">;
  /** Before the plan, which counts the memory that is available then. */
  readonly makeRoom?: () => Promise<void>;
  /** System memory that is available without swapping. */
  readonly availableRamBytes?: () => number;
  readonly timers?: Timers;
  readonly onLog: LogWriter;
}

/** Includes the file's facts beside its layers. */
interface DescribedPlan extends ConfirmedPlan {
  readonly hasChatTemplate: boolean;
}

export interface LoadOutcome {
  readonly loaded: LoadedMessage;
  /** As planned. The loaded model has fewer layers if memory ran out. */
  readonly planned: LoadConfig;
  /** What was lowered or left out, in a sentence each. */
  readonly lowered: string | null;
  /** That, and what is wrong with the model's chat template. */
  readonly notice: string | null;
}

/** A counter that is read once a second may lag this far behind a load. */
const COUNTER_WAIT_MS = 300;
const COUNTER_READS = 8;

/** Loads a model for given settings: plans, confirms, loads, and lowers the plan when memory runs out; leaves a receipt. */
export class ModelLoader {
  readonly #timers: Timers;

  constructor(private readonly options: ModelLoaderOptions) {
    this.#timers = options.timers ?? systemTimers;
  }

  /**
   * The supervisor restarts a crashed engine until it gives up and says why. Each new engine gets a new plan.
   *
   * @throws EngineError, ModelFileError, GgufFormatError
   */
  async load(settings: Settings, signal: AbortSignal): Promise<LoadOutcome> {
    for (;;) {
      try {
        return await this.#loadOnce(settings, signal);
      } catch (error) {
        if (!isCrash(error) || signal.aborted) throw error;
        await this.options.engine.start();
      }
    }
  }

  async #loadOnce(settings: Settings, signal: AbortSignal): Promise<LoadOutcome> {
    await this.options.makeRoom?.();
    // Before the plan, which counts it.
    const draft = await this.options.drafts?.hold(settings);
    const planned = await this.options.planner.confirmedPlanFor(settings, signal);
    const confirmed = { ...planned, config: withDraft(planned.config, draft?.config) };
    const { chatTemplate } = await this.options.models.readProfile(confirmed.modelPath);
    const described = { ...confirmed, hasChatTemplate: chatTemplate !== null };
    const loaded = await this.#loadOrLower(confirmed, signal);
    const lowered = describeLowered(confirmed.config, loaded.config);
    this.#describe(described, loaded, null);
    void this.#leaveReceipt(described, loaded, lowered).catch(error =>
      this.options.onLog("warn", `no receipt of this load: ${errorReason(error)}`),
    );
    const leftOut = loaded.draft?.kind === "left-out" ? loaded.draft.reason : (draft?.problem ?? null);
    const lessThanPlanned = joined([lowered, leftOut]);
    // A file without a template is shown as such.
    const templateWarning = described.hasChatTemplate ? loaded.templateWarning : null;
    const notice = joined([lessThanPlanned, templateWarning]);
    return { loaded, planned: confirmed.config, lowered: lessThanPlanned, notice };
  }

  /** Takes fewer layers each time memory runs out, until the model fits or nothing is left to lower. */
  async #loadOrLower(confirmed: ConfirmedPlan, signal: AbortSignal): Promise<LoadedMessage> {
    let { config } = confirmed;
    for (;;) {
      try {
        return await this.options.engine.load(config, { signal });
      } catch (error) {
        if (!(error instanceof EngineError) || error.code !== "OUT_OF_MEMORY") throw error;
        const isFewest = config.sequences <= confirmed.surface.sequences;
        if (isFewest && this.#isRamShort(confirmed, config)) throw error;
        const { memory } = await this.options.gpu.read();
        const failedCard = this.#cardNamedIn(error.message);
        const lower = stepDown(confirmed.surface, config, error.deficitBytes ?? 0, memory, failedCard);
        if (lower === null) throw error;
        this.options.onLog(
          "warn",
          isFewest
            ? `${error.message} Trying ${lower.gpuLayers} GPU layers instead of ${config.gpuLayers}.`
            : `${error.message} Trying one answer at once instead of ${config.sequences}.`,
        );
        config = lower;
      }
    }
  }

  /** llama.cpp names the device whose memory ran out: "failed to allocate CUDA1 buffer", or "on device 1". */
  #cardNamedIn(message: string): number | null {
    const placement = this.options.engine.snapshot().info?.placement;
    const cards = placement?.kind === "ready" ? placement.cards : [];
    const index = cards.findIndex(({ device }) => new RegExp(`\\b${device}\\b`).test(message));
    return index === -1 ? null : index;
  }

  /** Layers taken off the GPU go to system memory. If that is already short, fewer GPU layers would make it worse. */
  #isRamShort({ surface }: ConfirmedPlan, config: LoadConfig): boolean {
    const { availableRamBytes = () => process.availableMemory() } = this.options;
    return memoryNeed(surface, config).ram.totalBytes > availableRamBytes();
  }

  async #leaveReceipt(confirmed: DescribedPlan, loaded: LoadedMessage, lowered: string | null): Promise<void> {
    const after = await this.#readAfterLoad(confirmed.report, loaded);
    this.#describe(confirmed, loaded, measureOverhead(confirmed.report, after, loaded));
    const record = {
      modelName: this.options.models.nameOf(confirmed.modelPath),
      surface: confirmed.surface,
      requestedGpuLayers: confirmed.config.gpuLayers,
      lowered,
      loaded,
      before: confirmed.report,
      after,
      machine: await this.options.machineSpeed.read(confirmed.gpu?.name ?? null),
    };
    await this.options.receipts.append(makeReceipt(record, this.#timers.nowMs()));
  }

  /** @returns a reading taken after the load and while it lasted; null if there is no counter, or no new reading in time */
  async #readAfterLoad(before: GpuReport, loaded: LoadedMessage): Promise<GpuReport | null> {
    const loadedAtMs = this.#timers.nowMs();
    for (let reads = 0; reads < COUNTER_READS && before.memory !== null; reads += 1) {
      const report = await this.options.gpu.read();
      const stillLoaded = this.options.engine.snapshot().config === loaded.config;
      if (!stillLoaded) return null;
      if (report.readAtMs >= loadedAtMs) return report;
      await new Promise<void>(resolve => this.#timers.after(COUNTER_WAIT_MS, resolve));
    }
    return null;
  }

  #describe(confirmed: DescribedPlan, loaded: LoadedMessage, measuredOverheadBytes: number | null): void {
    const { surface, gpu, modelPath, hasChatTemplate } = confirmed;
    if (this.options.engine.snapshot().config !== loaded.config) return;
    const predicted = predictedParts(surface, loaded.config, gpu?.overhead.bytes ?? 0);
    this.options.engine.describeLoaded({
      modelName: this.options.models.nameOf(modelPath),
      totalLayers: surface.model.blocks + 1,
      held: actualParts(loaded, predicted, measuredOverheadBytes),
      hasChatTemplate,
      flashAttentionActive: loaded.flashAttentionActive,
    });
  }
}

/** Where nothing of the model is on the card, the engine runs without it. */
export const withDraft = (config: LoadConfig, draft: LoadConfig["draft"]): LoadConfig =>
  draft === undefined
    ? config
    : { ...config, draft: config.gpuLayers > 0 ? draft : { modelPath: draft.modelPath, gpuLayers: 0 } };

const isCrash = (error: unknown): boolean => error instanceof EngineCrashedError || error instanceof EngineHungError;

const joined = (sentences: readonly (string | null)[]): string | null =>
  sentences.filter(sentence => sentence !== null).join(" ") || null;

function describeLowered(planned: LoadConfig, loaded: LoadConfig): string | null {
  if (planned.gpuLayers === loaded.gpuLayers)
    return planned.sequences === loaded.sequences
      ? null
      : `Memory ran out while loading: one answer at once instead of ${planned.sequences}.`;
  return `The GPU ran out of memory while loading: ${loaded.gpuLayers} GPU layers instead of ${planned.gpuLayers}.`;
}
