import { describe, expect, it } from "vitest";
import type { LayerPlan } from "@/lib/plan/cards/layer-plan";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import { mistralSurface, p4000 } from "@/lib/plan/testing/surface-fixtures";
import type { BenchmarkRun } from "@/lib/schema/benchmark";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { Buffers } from "@/lib/schema/plans/load-config";
import { defaultSettings, type Settings } from "@/lib/schema/settings/settings";
import { gpuReport } from "@/lib/schema/testing/gpu-report";
import { EngineError } from "@/lib/server/engine/engine-errors";
import type { CompleteRequest } from "@/lib/server/engine/engine-supervisor";
import { engineSnapshot, loadConfig } from "@/lib/server/testing/fake-engine/engine-fixtures";
import { OffloadBenchmark, type OffloadBenchmarkOptions } from "./offload-benchmark";

const settings: Settings = { ...defaultSettings, MODEL: "mistral.gguf", N_CTX: 32_768, LAYERS: 3 };
const modelPath = "models/mistral.gguf";

const noBuffers: Buffers = { gpuWeightsBytes: 0, gpuContextBytes: 0, ramWeightsBytes: 0, ramContextBytes: 0 };

const buffersOf = ({ predicted, ram }: LayerPlan): Buffers => ({
  gpuWeightsBytes: predicted.weightsBytes,
  gpuContextBytes: predicted.kvBytes + predicted.computeBytes,
  ramWeightsBytes: ram.weightsBytes,
  ramContextBytes: ram.kvBytes + ram.computeBytes,
});

/** A machine whose engine decodes one token a second for each layer on the GPU, and one more. */
class FakeMachine {
  readonly events: string[] = [];
  readonly runs: BenchmarkRun[] = [];
  nowMs = 1000;
  busy = false;
  gpu: GpuMemory | null = p4000;
  #gpuLayers = 0;
  #buffers = noBuffers;
  onLoad: (settings: Settings) => void = () => {};
  readonly benchmark = new OffloadBenchmark({
    planner: this.#planner(),
    loader: { load: (settings: Settings, signal: AbortSignal) => this.#load(settings, signal) },
    engine: {
      complete: request => this.#complete(request),
      dryRun: async () => this.#buffers,
      snapshot: () => snapshot,
    },
    host: { borrow: work => this.#borrow(work) },
    store: { append: async run => void this.runs.unshift(run), list: async () => this.runs },
    readSettings: () => settings,
    nowMs: () => this.nowMs,
    sizes: { promptTokens: 32, generatedTokens: 8, repeats: 2, limitMs: 60_000 },
  });

  #planner(): OffloadBenchmarkOptions["planner"] {
    const planFor = async (settings: Settings) => {
      const { gpu } = this;
      return { modelPath, surface: mistralSurface, gpu, plan: planLayers(mistralSurface, gpu, settings) };
    };
    const configOf = () => loadConfig({ modelPath, threads: 6 });
    const confirmedPlanFor = async (settings: Settings) => {
      const outcome = await planFor(settings);
      this.#buffers = buffersOf(outcome.plan);
      return { ...outcome, report: gpuReport(), config: configOf() };
    };
    return { planFor, configOf, confirmedPlanFor };
  }

  async #borrow<T>(work: (recall: AbortSignal) => Promise<T>): Promise<T> {
    if (this.busy) throw new EngineError("BUSY", "An answer is being written.");
    this.events.push("borrowed");
    try {
      return await work(new AbortController().signal);
    } finally {
      this.events.push("given back");
    }
  }

  async #load(settings: Settings, signal: AbortSignal) {
    this.events.push(`${settings.KV_CACHE_QUANT} ${settings.FLASH_ATTENTION} ${settings.LAYERS}`);
    this.nowMs += 5000;
    this.onLoad(settings);
    signal.throwIfAborted();
    const plan = planLayers(mistralSurface, this.gpu, settings);
    this.#gpuLayers = plan.gpuLayers;
    const config = loadConfig({ modelPath, gpuLayers: plan.gpuLayers });
    const buffers = buffersOf(plan);
    const loaded = {
      type: "loaded" as const,
      id: "1",
      config,
      buffers,
      split: { gpuKvBytes: null, gpuComputeBytes: null, ramKvBytes: null, ramComputeBytes: null },
      reused: "nothing" as const,
      elapsedMs: 5000,
      vramBefore: null,
      vramAfter: null,
      flashAttentionActive: null,
      templateWarning: null,
    };
    return { loaded, planned: config, lowered: null, notice: null };
  }

  async *#complete(request: CompleteRequest) {
    const stats = {
      promptTokens: Math.round(request.prompt.length / 4),
      cachedTokens: 0,
      generatedTokens: request.sampling.maxTokens,
      timeToFirstTokenMs: 10,
      tokensPerSecond: this.#gpuLayers + 1,
      prefillTokensPerSecond: 100,
      totalMs: 100,
    };
    yield { type: "finished" as const, id: "1", reason: "length" as const, stats };
  }
}

const snapshot = engineSnapshot();

describe("OffloadBenchmark", () => {
  it("measures the four ways in order on a borrowed engine, with layers planned whatever LAYERS says", async () => {
    const machine = new FakeMachine();
    await machine.benchmark.start();
    await machine.benchmark.finished();
    expect(machine.events).toEqual([
      "borrowed",
      "f16 off auto",
      "q8_0 on auto",
      "f16 on auto",
      "q4_0 on auto",
      "given back",
    ]);
  });

  it("tells the layers that fit, and keeps the run", async () => {
    const machine = new FakeMachine();
    await machine.benchmark.start();
    const run = await machine.benchmark.finished();
    // The dry runs of this surface: 21, 28 and 33 layers fit at 32,768 tokens for f16, q8_0 and q4_0.
    expect(run?.rows.map(row => row.gpuLayers)).toEqual([21, 28, 21, 33]);
    expect(run?.rows.map(row => row.speed?.decodeTokensPerSecond)).toEqual([22, 29, 22, 34]);
    // At 21 layers f16 takes 5188.2 MiB; 20 blocks have 128 MiB of KV cache each.
    expect((run?.rows[0]?.predicted.gpuBytes ?? 0) / 1024 ** 2).toBeCloseTo(5188.2, 1);
    expect(run?.rows[0]?.kv.gpuBytes).toBe(20 * 128 * 1024 ** 2);
    expect(run?.rows[0]?.actual?.gpuBytes).toBe(run?.rows[0]?.predicted.gpuBytes);
    expect(run).toMatchObject({ elapsedMs: 20_000, subject: { gpuName: "Quadro P4000", threads: 6 } });
    expect(machine.runs).toEqual([run]);
  });

  it("compares system memory where there is no GPU", async () => {
    const machine = new FakeMachine();
    machine.gpu = null;
    await machine.benchmark.start();
    const run = await machine.benchmark.finished();
    expect(run?.subject).toMatchObject({ gpuName: null, backend: "none" });
    expect(run?.rows.map(row => row.gpuLayers)).toEqual([0, 0, 0, 0]);
    // All 32 blocks: 128 MiB each for f16, 17/32 and 9/32 of that for q8_0 and q4_0.
    const kvMib = run?.rows.map(row => row.kv.ramBytes / 1024 ** 2);
    expect(kvMib).toEqual([4096, 2176, 4096, 1152]);
  });

  it("keeps nothing of a cancelled run, gives the engine back and says so", async () => {
    const machine = new FakeMachine();
    machine.onLoad = settings => {
      if (settings.KV_CACHE_QUANT === "q8_0") machine.benchmark.cancel();
    };
    await machine.benchmark.start();
    expect(await machine.benchmark.finished()).toBeNull();
    expect(machine.events).toEqual(["borrowed", "f16 off auto", "q8_0 on auto", "given back"]);
    expect(machine.runs).toEqual([]);
    expect(await machine.benchmark.state()).toMatchObject({ running: null, problem: { code: "CANCELLED" } });
  });

  it("goes on after a way that cannot be loaded: that is a result", async () => {
    const machine = new FakeMachine();
    machine.onLoad = settings => {
      if (settings.KV_CACHE_QUANT === "q8_0") throw new EngineError("OUT_OF_MEMORY", "300 MiB were missing.");
    };
    await machine.benchmark.start();
    const run = await machine.benchmark.finished();
    expect(run?.rows[1]).toMatchObject({
      gpuLayers: 28,
      actual: null,
      speed: null,
      problem: { code: "OUT_OF_MEMORY" },
    });
    expect(run?.rows[3]?.problem).toBeNull();
  });

  it("refuses at once while the engine is in use, and runs later", async () => {
    const machine = new FakeMachine();
    machine.busy = true;
    await expect(machine.benchmark.start()).rejects.toMatchObject({ code: "BUSY" });
    expect((await machine.benchmark.state()).running).toBeNull();
    machine.busy = false;
    await machine.benchmark.start();
    expect(await machine.benchmark.finished()).not.toBeNull();
  });

  it("refuses a second one while one runs", async () => {
    const machine = new FakeMachine();
    await machine.benchmark.start();
    await expect(machine.benchmark.start()).rejects.toMatchObject({ code: "BUSY" });
    await machine.benchmark.finished();
    expect(machine.runs).toHaveLength(1);
  });

  it("tells how far it is, with the rows that are done", async () => {
    const machine = new FakeMachine();
    const seen = new Promise<Awaited<ReturnType<OffloadBenchmark["state"]>>>(resolve => {
      machine.onLoad = settings => {
        if (settings.KV_CACHE_QUANT === "q4_0") machine.benchmark.state().then(resolve);
      };
    });
    await machine.benchmark.start();
    const { running } = await seen;
    expect(running).toMatchObject({
      wayId: "all",
      rows: [{ id: "none" }, { id: "kv-cache" }, { id: "flash-attention" }],
    });
    await machine.benchmark.finished();
  });

  it("estimates from the run before", async () => {
    const machine = new FakeMachine();
    await machine.benchmark.start();
    await machine.benchmark.finished();
    expect((await machine.benchmark.state()).next?.estimateMs).toBe(20_000);
  });
});
