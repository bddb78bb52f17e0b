import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { budgetBytes } from "@/lib/plan/cards/budget";
import type { EngineInfo } from "@/lib/schema/engines/engine-info";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { makeRealRig, SOFTWARE_GPU } from "@/lib/server/testing/real-rig";
import { MIB } from "@/lib/units/bytes";

/** The allowed error of a confirmed plan: a hundredth of a MiB. */
const CONFIRMED_WITHIN_BYTES = 0.01 * MIB;

describe("the default model on a software GPU of 2 GiB", () => {
  vi.stubEnv("GGML_VK_VISIBLE_DEVICES", SOFTWARE_GPU.GGML_VK_VISIBLE_DEVICES);
  const rig = makeRealRig({ gpu: "auto" });
  const { host, engine, planner, receipts, gpu } = rig;
  /** The same card with only this much memory: a small budget makes partial plans of a small model. */
  let assumedTotalBytes: number | null = null;

  let found: EngineInfo;

  beforeAll(async () => {
    // Read once: an engine that serves a plan without layers on the GPU is started without it.
    found = await engine.start();
    const read = gpu.read.bind(gpu);
    vi.spyOn(gpu, "read").mockImplementation(async () => {
      const report = await read();
      return report.memory === null || assumedTotalBytes === null
        ? report
        : { ...report, memory: shrunk(report.memory, assumedTotalBytes) };
    });
  });
  beforeEach(context => context.skip(!found.gpuUsable, `no Vulkan device here: ${found.gpuProblem}`));
  afterAll(rig.close);

  test.each([
    { totalMib: 2048, TARGET_VRAM_USAGE: 0.8, N_CTX: 2048, KV_CACHE_QUANT: "f16", kind: "full" },
    { totalMib: 512, TARGET_VRAM_USAGE: 0.86, N_CTX: 2048, KV_CACHE_QUANT: "f16", kind: "partial" },
    { totalMib: 512, TARGET_VRAM_USAGE: 0.86, N_CTX: 4096, KV_CACHE_QUANT: "q8_0", kind: "partial" },
    { totalMib: 512, TARGET_VRAM_USAGE: 0.87, N_CTX: 8192, KV_CACHE_QUANT: "q4_0", kind: "partial" },
    { totalMib: 560, TARGET_VRAM_USAGE: 0.8, N_CTX: 3000, KV_CACHE_QUANT: "f16", kind: "partial" },
    { totalMib: 2048, TARGET_VRAM_USAGE: 0.02, N_CTX: 2048, KV_CACHE_QUANT: "f16", kind: "cpu-only" },
  ] as const)(
    "takes what was planned, and one layer more would not have fitted: $totalMib MiB, target $TARGET_VRAM_USAGE, $N_CTX tokens, $KV_CACHE_QUANT",
    async ({ totalMib, kind, ...settings }) => {
      assumedTotalBytes = totalMib * MIB;
      await rig.patch(settings);
      await vi.waitFor(() => expect(receipts.list()[0]?.config).toEqual(engine.snapshot().config));
      // The plan that was confirmed before the load. What the change was answered with may be of a surface that was still sampled.
      const { plan } = await planner.planFor(rig.current.settings);
      const [receipt] = receipts.list();
      if (receipt === undefined) throw new Error("no receipt");
      expect(plan.kind).toBe(kind);
      expect(receipt.config).toMatchObject({ gpuLayers: plan.gpuLayers, contextTokens: settings.N_CTX });
      expect(Math.abs(receipt.actual.totalBytes - receipt.predicted.totalBytes)).toBeLessThan(CONFIRMED_WITHIN_BYTES);
      expect(receipt.actual.weightsBytes).toBe(receipt.predicted.weightsBytes);
      const { buffers } = receipt;
      const budget = await budgetNow();
      expect(buffers.gpuWeightsBytes + buffers.gpuContextBytes).toBeLessThanOrEqual(budget);
      if (plan.gpuLayers === plan.totalLayers) return;
      const more = await engine.dryRun({ ...receipt.config, gpuLayers: plan.gpuLayers + 1 });
      expect(more.gpuWeightsBytes + more.gpuContextBytes).toBeGreaterThan(budget);
    },
  );

  const budgetNow = async (): Promise<number> => {
    const { memory } = await gpu.read();
    return memory === null ? 0 : budgetBytes(memory, rig.current.settings.TARGET_VRAM_USAGE);
  };

  test("plans the same after a reload, when what it holds itself is in the count", async () => {
    assumedTotalBytes = 512 * MIB;
    await rig.patch({ TARGET_VRAM_USAGE: 0.86, N_CTX: 2048, KV_CACHE_QUANT: "f16" });
    const { gpuLayers } = engine.snapshot().config ?? {};
    expect((await planner.planFor(rig.current.settings)).plan.gpuLayers).toBe(gpuLayers);
    await host.reload();
    expect(engine.snapshot().config?.gpuLayers).toBe(gpuLayers);
  });
});

const shrunk = (memory: GpuMemory, totalBytes: number): GpuMemory => ({
  ...memory,
  totalBytes,
  freeBytes: Math.max(0, totalBytes - memory.heldByEngineBytes - memory.usedByOthersBytes),
});
