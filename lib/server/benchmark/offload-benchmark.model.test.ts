import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planningServices } from "@/lib/server/compose/planning-services";
import { LastLoaded } from "@/lib/server/loading/last-loaded";
import { ModelHost } from "@/lib/server/loading/model-host";
import { ModelLoader } from "@/lib/server/loading/model-loader";
import { readEnvironment } from "@/lib/server/system/environment";
import { BenchmarkStore } from "./benchmark-store";
import { OffloadBenchmark } from "./offload-benchmark";

describe("OffloadBenchmark with the default model on the CPU", () => {
  const home = mkdtempSync(join(tmpdir(), "headroom-benchmark-"));
  const environment = readEnvironment({ HEADROOM_HOME: home, HEADROOM_GPU: "off", LOG_LEVEL: "silent" });
  const onLog = () => {};
  const core = planningServices(environment, { onLog });
  const { engine, planner, settings } = core;
  const readSettings = () => ({ ...settings.read(), N_CTX: 1024 });
  const loader = new ModelLoader({ ...core, onLog });
  const lastLoaded = new LastLoaded(join(home, "last-loaded.json"));
  const host = new ModelHost({ engine, planner, loader, lastLoaded, readSettings, onLog });
  const benchmark = new OffloadBenchmark({
    planner,
    loader,
    engine,
    host,
    store: new BenchmarkStore(environment.dataFolder),
    readSettings,
    sizes: { promptTokens: 24, generatedTokens: 6, repeats: 1, limitMs: 20_000 },
  });

  beforeAll(() => host.ensureLoaded());
  afterAll(async () => {
    core.gpu.close();
    await engine.shutdown();
    rmSync(home, { recursive: true, force: true });
  });

  it("measures four ways whose memory differs as their caches do, and puts the model back", async () => {
    const before = engine.snapshot().config;
    await benchmark.start();
    const run = await benchmark.finished();
    expect((await benchmark.state()).problem).toBeNull();
    for (const row of run?.rows ?? []) {
      expect(row.problem).toBeNull();
      expect(row.gpuLayers).toBe(0);
      expect(Math.abs((row.actual?.ramBytes ?? 0) - row.predicted.ramBytes)).toBeLessThan(1024);
      expect(row.speed?.prefillTokensPerSecond).toBeGreaterThan(1);
      expect(row.speed?.decodeTokensPerSecond).toBeGreaterThan(1);
      expect(row.speed?.promptTokens).toBeGreaterThan(12);
      expect(row.speed?.generatedTokens).toBe(6);
    }
    // SmolLM2 135M: 30 blocks, 3 KV heads of 64, 1,024 cells: 30 * 1024 * 2 * 192 elements of 2, 34/32 or 18/32 bytes.
    expect(run?.rows.map(row => row.kv.ramBytes)).toEqual([23_592_960, 12_533_760, 23_592_960, 6_635_520]);
    // What a smaller cache saves is partly taken back: attention over it needs a larger compute buffer.
    const [none = 0, kvCache = 0, flash = 0, all = 0] = run?.rows.map(row => row.actual?.ramBytes ?? 0) ?? [];
    expect([none, flash, kvCache, all]).toEqual([none, flash, kvCache, all].sort((a, b) => b - a));
    expect(all).toBeLessThan(flash);
    expect(engine.snapshot()).toMatchObject({ state: "loaded", config: before });
  });
});
