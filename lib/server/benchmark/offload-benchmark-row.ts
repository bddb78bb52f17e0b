import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import type { ErrorBody } from "@/lib/schema/api-error";
import { type BenchmarkRow, type BenchmarkStep, type BenchmarkWayId, benchmarkWays } from "@/lib/schema/benchmark";
import { errorReason } from "@/lib/schema/error-reason";
import type { Buffers } from "@/lib/schema/plans/load-config";
import type { Settings } from "@/lib/schema/settings/settings";
import { EngineError } from "@/lib/server/engine/engine-errors";
import type { EngineSupervisor } from "@/lib/server/engine/engine-supervisor";
import { measureSpeed, type SpeedSizes } from "@/lib/server/loading/measure-speed";
import type { ModelLoader } from "@/lib/server/loading/model-loader";
import type { Planner } from "@/lib/server/planning/planner";

export interface BenchmarkBench {
  readonly planner: Pick<Planner, "confirmedPlanFor">;
  readonly loader: Pick<ModelLoader, "load">;
  readonly engine: Pick<EngineSupervisor, "complete" | "dryRun">;
}

/** The settings of one way. The number of layers is always planned: a fixed number would hide what a way gains. */
function settingsOf(settings: Settings, wayId: BenchmarkWayId): Settings {
  const { kvType, flashAttention } = benchmarkWays[wayId];
  // For one answer at a time: a smaller cache would otherwise make room for more answers, and their caches would hide what it saves.
  return { ...settings, PARALLEL: 1, LAYERS: "auto", KV_CACHE_QUANT: kvType, FLASH_ATTENTION: flashAttention };
}

/**
 * Plans, loads and measures one way. The row reports what goes wrong after the plan: running out of memory is a result too.
 *
 * @throws the signal's reason when it fires, and whatever makes planning impossible
 */
export async function measureRow(
  { planner, loader, engine }: BenchmarkBench,
  way: { readonly id: BenchmarkWayId; readonly settings: Settings; readonly sizes: SpeedSizes },
  signal: AbortSignal,
  onStep: (step: BenchmarkStep) => void,
): Promise<BenchmarkRow> {
  const settings = settingsOf(way.settings, way.id);
  onStep("planning");
  const { plan, config } = await planner.confirmedPlanFor(settings, signal);
  const planned: BenchmarkRow = { ...plannedRow(way.id, plan), ...notLoaded };
  try {
    // The plan was confirmed for the GPU only. Its system memory is still a cautious estimate.
    const predicted = byDevice(await engine.dryRun(config, signal));
    onStep("loading");
    const { loaded, lowered } = await loader.load(settings, signal);
    const actual = byDevice(loaded.buffers);
    const { gpuLayers } = loaded.config;
    const held = { ...planned, predicted, gpuLayers, actual, loadMs: loaded.elapsedMs, lowered };
    onStep("measuring");
    return await measured(held, engine, way.sizes, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { ...planned, problem: problemOf(error) };
  }
}

const notLoaded = { actual: null, loadMs: null, speed: null, lowered: null, problem: null };

/** A way may load but fail to be measured; its memory is still worth keeping. */
async function measured(
  row: BenchmarkRow,
  engine: BenchmarkBench["engine"],
  sizes: SpeedSizes,
  signal: AbortSignal,
): Promise<BenchmarkRow> {
  try {
    return { ...row, speed: await measureSpeed(engine, sizes, signal) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...row, problem: problemOf(error) };
  }
}

function plannedRow(id: BenchmarkWayId, plan: LayerPlan) {
  const kvOn = (device: "gpu" | "cpu") =>
    plan.perLayer.filter(layer => layer.device === device).reduce((sum, layer) => sum + layer.kvBytes, 0);
  return {
    id,
    kvType: plan.kvType,
    flashAttention: plan.flashAttention,
    gpuLayers: plan.gpuLayers,
    totalLayers: plan.totalLayers,
    predicted: {
      gpuBytes: plan.predicted.totalBytes - plan.predicted.overheadBytes,
      ramBytes: plan.ram.totalBytes,
    },
    kv: { gpuBytes: kvOn("gpu"), ramBytes: kvOn("cpu") },
  };
}

const byDevice = (buffers: Buffers) => ({
  gpuBytes: buffers.gpuWeightsBytes + buffers.gpuContextBytes,
  ramBytes: buffers.ramWeightsBytes + buffers.ramContextBytes,
});

export const problemOf = (error: unknown): ErrorBody =>
  error instanceof EngineError
    ? { code: error.code, message: error.message }
    : { code: "INTERNAL", message: errorReason(error) };
