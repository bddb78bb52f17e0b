import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { memoryNeed } from "@/lib/plan/memory/memory-need";
import { mendSurface } from "@/lib/plan/memory/mend-surface";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { cpuConfig, defaultModelPath, ForkedEngine } from "../testing/forked-engine";

/** Within this, figures count as equal: the log's rounding. */
const TOLERANCE_BYTES = 0.01 * MIB;

const configurations: readonly [name: string, config: Partial<LoadConfig>][] = [
  ["all layers, f16", { gpuLayers: 31, kvType: "f16", contextTokens: 2048 }],
  ["half the layers, f16", { gpuLayers: 16, kvType: "f16", contextTokens: 4096 }],
  ["half the layers, q8_0", { gpuLayers: 16, kvType: "q8_0", contextTokens: 4096 }],
  [
    "all but two layers, q4_0, a large batch",
    { gpuLayers: 29, kvType: "q4_0", contextTokens: 8192, batchTokens: 1024 },
  ],
  ["only the output layer", { gpuLayers: 1, kvType: "f16", contextTokens: 2048 }],
  ["without flash attention", { gpuLayers: 20, flashAttention: "off", contextTokens: 3000 }],
];

/** Mesa's lavapipe: a Vulkan device on the CPU (engine.md, "A GPU for tests"). */
describe("the engine on a software GPU", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = new ForkedEngine({ GGML_VK_VISIBLE_DEVICES: "0" });
    await engine.ready;
  });
  afterAll(() => engine.end());

  async function needGpu(context: TestContext): Promise<void> {
    const { info } = await engine.ready;
    context.skip(!info.gpuUsable, `no Vulkan device here: ${info.gpuProblem}`);
  }

  it.for(configurations)("takes exactly what the dry run says: %s", async ([, change], context) => {
    await needGpu(context);
    // A mapped file counts from its first tensor in RAM to its last, including tensors between that are on the GPU: not comparable.
    const config: LoadConfig = { ...cpuConfig, batchTokens: 512, useMmap: false, ...change };
    const { buffers: dry } = await engine.askFor("dry-run", { type: "dry-run", config });
    const { buffers, split, config: loaded } = await engine.askFor("loaded", { type: "load", config });
    expect(loaded.gpuLayers).toBe(config.gpuLayers);
    expect(buffers.gpuWeightsBytes).toBe(dry.gpuWeightsBytes);
    expect(buffers.gpuContextBytes).toBe(dry.gpuContextBytes);
    // The host's buffer is aligned once more when it is real: 32 bytes.
    expect(Math.abs(buffers.ramWeightsBytes - dry.ramWeightsBytes)).toBeLessThanOrEqual(32);
    expect(Math.abs(buffers.ramContextBytes - dry.ramContextBytes)).toBeLessThan(TOLERANCE_BYTES);
    // The log's parts, rounded to 0.01 MiB each, add up to the exact total.
    const gpuParts = (split.gpuKvBytes ?? 0) + (split.gpuComputeBytes ?? 0);
    expect(Math.abs(gpuParts - buffers.gpuContextBytes)).toBeLessThan(2 * TOLERANCE_BYTES);
    // In RAM the log tells of the logits as well.
    const ramParts = (split.ramKvBytes ?? 0) + (split.ramComputeBytes ?? 0);
    expect(Math.abs(ramParts - buffers.ramContextBytes)).toBeLessThan(3 * TOLERANCE_BYTES);
  });

  it.for(
    [1, 2, 4, 8].flatMap(sequences =>
      [31, 12].flatMap(gpuLayers => [undefined, true as const].map(kvInRam => ({ sequences, gpuLayers, kvInRam }))),
    ),
  )(
    "takes exactly what the planner predicts: $sequences answers at once, $gpuLayers layers, cache in RAM: $kvInRam",
    async ({ sequences, gpuLayers, kvInRam }, context) => {
      await needGpu(context);
      const { info } = await engine.ready;
      context.skip(kvInRam === true && info.placement.kind === "missing", "no placement addon here");
      const placed = { gpuLayers, sequences, ...(kvInRam && { kvInRam }) };
      const config: LoadConfig = { ...cpuConfig, batchTokens: 512, useMmap: false, ...placed };
      const file = readFileSync(defaultModelPath);
      const parsed = parseGguf(file, file.length);
      if (parsed.kind !== "profile") throw new Error("The default model has no readable header.");
      const one = headerSurface(parsed.profile, { batchTokens: 512, sequences: 1, flashAttention: "auto" });
      const { buffers: dry } = await engine.askFor("dry-run", { type: "dry-run", config });
      const { surface } = mendSurface(one, config, dry);
      const predicted = memoryNeed(surface, config);
      const { buffers, split } = await engine.askFor("loaded", { type: "load", config });
      const errors = [
        predicted.gpu.totalBytes - buffers.gpuWeightsBytes - buffers.gpuContextBytes,
        predicted.ram.totalBytes - buffers.ramWeightsBytes - buffers.ramContextBytes,
        predicted.gpu.kvBytes - (split.gpuKvBytes ?? 0),
        predicted.ram.kvBytes - (split.ramKvBytes ?? 0),
      ];
      for (const error of errors) expect(Math.abs(error)).toBeLessThan(TOLERANCE_BYTES);
      // The log has a line for the compute buffer and one for the logits, each rounded to 0.01 MiB.
      expect(Math.abs(predicted.ram.computeBytes - (split.ramComputeBytes ?? 0))).toBeLessThan(2 * TOLERANCE_BYTES);
    },
  );

  it("splits the KV cache as the closed form does: 15 of 30 layers, 3 heads of 64, 4096 cells, 2 bytes", async context => {
    await needGpu(context);
    const config: LoadConfig = { ...cpuConfig, batchTokens: 512, gpuLayers: 16, contextTokens: 4096 };
    const { split } = await engine.askFor("loaded", { type: "load", config });
    // 15 x 4096 x (192 + 192) x 2 = 47,185,920 on each side = 45.00 MiB.
    expect(split.gpuKvBytes).toBe(47_185_920);
    expect(split.ramKvBytes).toBe(47_185_920);
  });

  it("refuses a context that would end the process on this device", async context => {
    await needGpu(context);
    // 192 elements of 2 bytes: 349,525 cells make 128 MiB.
    const config: LoadConfig = { ...cpuConfig, gpuLayers: 31, contextTokens: 360_448 };
    const message = await engine.ask({ type: "dry-run", config });
    expect(message).toMatchObject({ type: "error", code: "OUT_OF_MEMORY" });
  });

  it("refuses a load that the device cannot hold, with the deficit", async context => {
    await needGpu(context);
    // 30 layers of 192 + 192 elements of 2 bytes: 131,072 cells make 2.8 GiB, the device has 2.
    const config: LoadConfig = { ...cpuConfig, gpuLayers: 31, contextTokens: 131_072 };
    const message = await engine.ask({ type: "load", config });
    expect(message).toMatchObject({ type: "error", code: "OUT_OF_MEMORY" });
    expect(message).toHaveProperty("deficitBytes", expect.closeTo(1_100_000_000, -8.5));
  });

  describe("a filled surface", () => {
    let surface: MemorySurface;

    it("comes within its time, from dry runs, with the closed forms confirmed", { timeout: 60_000 }, async context => {
      await needGpu(context);
      const bytes = readFileSync(defaultModelPath);
      const parsed = parseGguf(bytes, bytes.length);
      if (parsed.kind !== "profile") throw new Error("The whole file was given.");
      const run = { batchTokens: 512, sequences: 1, flashAttention: "auto" } as const;
      const answer = await engine.askFor("surface", {
        type: "fill-surface",
        modelPath: defaultModelPath,
        useMmap: true,
        surface: headerSurface(parsed.profile, run),
      });
      surface = answer.surface;
      expect(surface).toMatchObject({
        computeSource: "dry-run",
        weightsSource: "closed-form",
        kvSource: "closed-form",
      });
      expect(answer.elapsedMs).toBeLessThan(6000);
    });

    it.for([
      { gpuLayers: 31, contextTokens: 4096, kvType: "f16" },
      { gpuLayers: 31, contextTokens: 5000, kvType: "q8_0" },
      { gpuLayers: 12, contextTokens: 5000, kvType: "f16" },
      { gpuLayers: 25, contextTokens: 8192, kvType: "q4_0" },
      { gpuLayers: 3, contextTokens: 4096, kvType: "q8_0" },
      { gpuLayers: 31, contextTokens: 16_384, kvType: "q8_0", kvInRam: true },
    ] as const)("says what the dry run says at %o, between 1 %% below and 3 %% above", async (at, context) => {
      await needGpu(context);
      const { buffers } = await engine.askFor("dry-run", {
        type: "dry-run",
        config: { ...cpuConfig, batchTokens: 512, ...at },
      });
      const { gpu } = memoryNeed(surface, at);
      const real = buffers.gpuWeightsBytes + buffers.gpuContextBytes;
      expect(gpu.weightsBytes).toBe(buffers.gpuWeightsBytes);
      expect((gpu.totalBytes - real) / real).toBeGreaterThan(-0.01);
      expect((gpu.totalBytes - real) / real).toBeLessThan(0.03);
    });
  });
});
