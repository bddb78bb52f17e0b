import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { modelShape } from "@/lib/gguf/testing/model-shapes";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { DeviceBuffers } from "@/lib/schema/plans/placement";
import { MIB } from "@/lib/units/bytes";
import { cpuConfig, ForkedEngine, greedy } from "../testing/forked-engine";
import { writeShape } from "../testing/shape-model";

const folder = mkdtempSync(join(tmpdir(), "headroom-placement-"));
const modelPaths = new Map<string, string>();
beforeAll(() => {
  for (const id of ["small-qwen3-moe", "small-deepseek-2", "small-gpt-oss", "small-qwen3-next"])
    modelPaths.set(id, writeShape(folder, modelShape(id)).modelPath);
});
afterAll(() => rmSync(folder, { recursive: true }));

const configOf = (id: string, change: Partial<LoadConfig>): LoadConfig => ({
  ...cpuConfig,
  modelPath: modelPaths.get(id) ?? "",
  flashAttention: "on",
  useMmap: false,
  gpuLayers: 7,
  ...change,
});

/** Mesa's lavapipe, once or twice (engine.md, "A GPU for tests"). */
function softwareGpus(visible: string) {
  let engine: ForkedEngine;
  beforeAll(() => {
    engine = new ForkedEngine({ GGML_VK_VISIBLE_DEVICES: visible });
  });
  afterAll(() => engine.end());

  const needLever = async (context: TestContext): Promise<void> => {
    const { info } = await engine.ready;
    context.skip(!info.gpuUsable, `no Vulkan device here: ${info.gpuProblem}`);
    if (info.placement.kind === "missing") context.skip(process.platform !== "linux", info.placement.reason);
    expect(info.placement.kind).toBe("ready");
  };
  const dryRun = async (config: LoadConfig) => engine.askFor("dry-run", { type: "dry-run", config });
  const load = async (config: LoadConfig) => engine.askFor("loaded", { type: "load", config });
  /** A real buffer in system memory is aligned once more: 32 bytes for each kind of it. */
  const expectSame = (real: readonly DeviceBuffers[] = [], predicted: readonly DeviceBuffers[] = []): void => {
    expect(real.map(({ device }) => device)).toEqual(predicted.map(({ device }) => device));
    for (const [index, { device, ...bytes }] of real.entries())
      for (const part of ["weightsBytes", "kvBytes", "computeBytes"] as const)
        expect(Math.abs(bytes[part] - (predicted[index]?.[part] ?? 0))).toBeLessThanOrEqual(device === null ? 64 : 0);
  };
  return { needLever, dryRun, load, expectSame, ask: () => engine };
}

const gpuPart = (devices: readonly DeviceBuffers[] | undefined, device: string): Omit<DeviceBuffers, "device"> =>
  devices?.find(found => found.device === device) ?? { weightsBytes: 0, kvBytes: 0, computeBytes: 0 };
const ramPart = (devices: readonly DeviceBuffers[] | undefined) => devices?.find(({ device }) => device === null);

describe("a placement on one card", () => {
  const { needLever, dryRun, load, expectSame, ask } = softwareGpus("0");

  // Three tensors of 512 x 256 x 16 elements in a block, Q4_K: 144 bytes for 256 elements, 1,179,648 bytes each.
  const QWEN_BLOCK = 3 * 1_179_648;
  // A shared expert has one of 512 x 256, and the router 512 x 16 floats.
  const SHARED = 73_728;
  const ROUTER = 32_768;
  // Three of 576 x 576 x 8, MXFP4: 17 bytes for 32 elements, and three biases of 576 x 8 floats.
  const GPT_OSS_BLOCK = 3 * 1_410_048 + 3 * 18_432;

  it.for([
    ["small-qwen3-moe", 7, 3, 3 * QWEN_BLOCK],
    ["small-qwen3-moe", 7, 6, 6 * QWEN_BLOCK],
    // Blocks 0 and 1 are in RAM as a whole: of the first three blocks only block 2 has experts on the GPU.
    ["small-qwen3-moe", 5, 3, QWEN_BLOCK],
    // Block 0 is dense. The shared expert stays.
    ["small-deepseek-2", 7, 3, 2 * QWEN_BLOCK],
    ["small-gpt-oss", 7, 2, 2 * GPT_OSS_BLOCK],
    ["small-qwen3-next", 9, 8, 8 * QWEN_BLOCK],
  ] as const)(
    "keeps exactly the experts in RAM, in the dry run and in the load: %s, %i layers, %i blocks",
    async ([id, gpuLayers, expertBlocksInRam, expertBytes], context) => {
      await needLever(context);
      const plain = await dryRun(configOf(id, { gpuLayers }));
      const placed = await dryRun(configOf(id, { gpuLayers, expertBlocksInRam }));
      expect(plain.buffers.gpuWeightsBytes - placed.buffers.gpuWeightsBytes).toBe(expertBytes);
      expect(placed.buffers.ramWeightsBytes - plain.buffers.ramWeightsBytes).toBe(expertBytes);
      const loaded = await load(configOf(id, { gpuLayers, expertBlocksInRam }));
      expect(loaded.config).toMatchObject({ gpuLayers, expertBlocksInRam });
      expect(loaded.buffers.gpuWeightsBytes).toBe(placed.buffers.gpuWeightsBytes);
      expect(loaded.buffers.gpuContextBytes).toBe(placed.buffers.gpuContextBytes);
      expectSame(loaded.devices, placed.devices);
    },
  );

  it.for([
    // Two whole blocks, and one matrix of the third.
    ["small-qwen3-moe", 7, 3, "gate+up of 5", (7 * QWEN_BLOCK) / 3],
    ["small-qwen3-moe", 7, 1, "down of 5", (2 * QWEN_BLOCK) / 3],
    // Of gpt-oss the biases go with their matrix.
    ["small-gpt-oss", 7, 2, "up of 5", (5 * GPT_OSS_BLOCK) / 3],
    ["small-deepseek-2", 7, 2, "down of 5", (2 * QWEN_BLOCK) / 3],
    // Shared experts and the router go with their matrix. The shared expert of Qwen3-Next has a router of 512 floats.
    ["small-deepseek-2", 7, 2, "gate+up only of 5", QWEN_BLOCK / 3 + SHARED],
    ["small-qwen3-next", 9, 1, "down only of 7", (2 * QWEN_BLOCK) / 3 + 2 * SHARED + ROUTER + 2048],
  ] as const)(
    "keeps a part of one block's experts on the GPU: %s, %i layers, %i blocks, %s",
    async ([id, gpuLayers, expertBlocksInRam, borderExpertsOnGpu, expertBytes], context) => {
      await needLever(context);
      const config = configOf(id, { gpuLayers, expertBlocksInRam, borderExpertsOnGpu });
      const plain = await dryRun(configOf(id, { gpuLayers }));
      const placed = await dryRun(config);
      expect(plain.buffers.gpuWeightsBytes - placed.buffers.gpuWeightsBytes).toBe(expertBytes);
      expect(placed.buffers.ramWeightsBytes - plain.buffers.ramWeightsBytes).toBe(expertBytes);
      const loaded = await load(config);
      expect(loaded.config).toMatchObject({ expertBlocksInRam, borderExpertsOnGpu });
      expect(loaded.buffers.gpuContextBytes).toBe(placed.buffers.gpuContextBytes);
      expectSame(loaded.devices, placed.devices);
    },
  );

  it("answers with experts in RAM", async context => {
    await needLever(context);
    await load(configOf("small-qwen3-moe", { expertBlocksInRam: 3, borderExpertsOnGpu: "up of 5" }));
    const sampling = { ...greedy, maxTokens: 2 };
    const { stats } = await ask().askFor("finished", { type: "complete", prompt: "one two", sampling });
    expect(stats.generatedTokens).toBe(2);
  });

  it("loads the weights again for another placement, and only the context for the KV cache", async context => {
    await needLever(context);
    const first = configOf("small-qwen3-moe", { expertBlocksInRam: 2 });
    await load(first);
    expect((await load(first)).reused).toBe("everything");
    expect((await load({ ...first, kvInRam: true })).reused).toBe("weights");
    expect((await load({ ...first, borderExpertsOnGpu: "up of 5" })).reused).toBe("nothing");
    expect((await load({ ...first, expertBlocksInRam: 1 })).reused).toBe("nothing");
  });

  it("keeps the KV cache in RAM with all layers on the GPU", async context => {
    await needLever(context);
    const config = configOf("small-qwen3-moe", { kvInRam: true });
    const { devices: dry } = await dryRun(config);
    const { devices, split } = await load(config);
    expectSame(devices, dry);
    // 6 blocks of 1,024 cells, 2 heads of 128 for K and for V, 2 bytes.
    expect(ramPart(devices)?.kvBytes).toBe(6 * MIB);
    expect(gpuPart(devices, "Vulkan0").kvBytes).toBe(0);
    expect(split).toMatchObject({ gpuKvBytes: null, ramKvBytes: 6 * MIB });
  });

  // What the planner takes for a cache in RAM, of which it has no samples: `withCacheApart`.
  it.for(["small-qwen3-moe", "small-gpt-oss"])(
    "computes attention in RAM with the cache: more than with all layers, no more than with half of them, %s",
    async (id, context) => {
      await needLever(context);
      const config = configOf(id, { contextTokens: 32_768, batchTokens: 512 });
      const computeOf = async (change: Partial<LoadConfig>) =>
        gpuPart((await dryRun({ ...config, ...change })).devices, "Vulkan0").computeBytes;
      const apartBytes = await computeOf({ kvInRam: true });
      expect(apartBytes).toBeGreaterThan(await computeOf({}));
      expect(apartBytes).toBeLessThanOrEqual(await computeOf({ gpuLayers: 4 }));
      const { devices } = await load({ ...config, kvInRam: true });
      expect(gpuPart(devices, "Vulkan0").computeBytes).toBe(apartBytes);
    },
  );

  it("counts a plain load by part", async context => {
    await needLever(context);
    const { devices, buffers } = await load(configOf("small-qwen3-moe", {}));
    const { weightsBytes, kvBytes, computeBytes } = gpuPart(devices, "Vulkan0");
    expect(weightsBytes).toBe(buffers.gpuWeightsBytes);
    expect(kvBytes).toBe(6 * MIB);
    expect(kvBytes + computeBytes).toBe(buffers.gpuContextBytes);
  });

  it("refuses a split for cards that are not there", async context => {
    await needLever(context);
    const message = await ask().ask({ type: "dry-run", config: configOf("small-qwen3-moe", { tensorSplit: [1, 1] }) });
    expect(message).toMatchObject({ type: "error", code: "INVALID_INPUT" });
  });
});

describe("a placement on two cards", () => {
  const { needLever, dryRun, load, expectSame, ask } = softwareGpus("0,0");

  // Seven layers; the output is the last. Each block has 1 MiB of KV cache: 1,024 cells, 2 heads of 128 for K and for V, 2 bytes.
  // The output matrix is 512 x 32,768 in Q6_K, 210 bytes for 256 elements, and its norm has 512 floats.
  const OUTPUT_BYTES = 13_762_560 + 2048;
  it.for([
    [
      [3, 1],
      [6, 0],
    ],
    [
      [4, 3],
      [4, 2],
    ],
    [
      [1, 6],
      [1, 5],
    ],
    [
      [0, 1],
      [0, 6],
    ],
    [
      [1, 0],
      [6, 0],
    ],
  ] as const)("shares %o give blocks %o, in the dry run and in the load", async ([tensorSplit, blocks], context) => {
    await needLever(context);
    const config = configOf("small-qwen3-moe", { tensorSplit: [...tensorSplit] });
    const { devices: dry } = await dryRun(config);
    const { devices } = await load(config);
    expectSame(devices, dry);
    const cards = ["Vulkan0", "Vulkan1"].map(device => gpuPart(devices, device));
    expect(cards.map(({ kvBytes }) => kvBytes)).toEqual(blocks.map(count => count * MIB));
    const [first = 0, second = 0] = cards.map(({ weightsBytes }) => weightsBytes);
    const blockBytes = (first + second - OUTPUT_BYTES) / 6;
    const lastCard = tensorSplit[1] > 0 ? 1 : 0;
    expect([first, second]).toEqual(
      blocks.map((count, card) => count * blockBytes + (card === lastCard ? OUTPUT_BYTES : 0)),
    );
  });

  it("places experts, cards and KV cache at once", async context => {
    await needLever(context);
    const config = configOf("small-qwen3-moe", { tensorSplit: [4, 3], expertBlocksInRam: 5, kvInRam: true });
    const plain = await dryRun(configOf("small-qwen3-moe", { tensorSplit: [4, 3] }));
    const { devices } = await dryRun(config);
    const loaded = await load(config);
    expectSame(loaded.devices, devices);
    // The experts of four blocks leave the first card, those of block 4 the second.
    for (const [device, blocks] of [
      ["Vulkan0", 4],
      ["Vulkan1", 1],
    ] as const)
      expect(gpuPart(plain.devices, device).weightsBytes - gpuPart(devices, device).weightsBytes).toBe(
        blocks * 3_538_944,
      );
    expect(ramPart(devices)?.kvBytes).toBe(6 * MIB);
  });

  it("names the card that would overflow, although both have enough together", async context => {
    await needLever(context);
    // 30 blocks of 192 + 192 elements in 2 bytes: 131,072 cells take 2.8 GiB. A card has 2.
    const config = { ...cpuConfig, gpuLayers: 31, contextTokens: 131_072, tensorSplit: [30, 1] };
    const message = await ask().ask({ type: "load", config });
    expect(message).toMatchObject({
      type: "error",
      code: "OUT_OF_MEMORY",
      message: expect.stringContaining("Vulkan0"),
    });
  });
});

/** With another version of zig the bytes differ. */
const ZIG = "0.17.1";

describe("a build of the addon made here", () => {
  it("with zig is the one in the repository, for every system", context => {
    const { stdout } = spawnSync("python3", ["-m", "ziglang", "version"], { encoding: "utf8" });
    context.skip(stdout?.trim() !== ZIG, `ziglang ${ZIG} is not here (pip install ziglang==${ZIG})`);
    const built = spawnSync(process.execPath, ["native/placement/build.mjs", "--committed", folder], {
      encoding: "utf8",
    });
    expect(built.stderr).toBe("");
    for (const name of readdirSync("native/placement/builds").filter(file => !file.startsWith("own-")))
      expect(readFileSync(join(folder, name)).equals(readFileSync(join("native/placement/builds", name))), name).toBe(
        true,
      );
  }, 120_000);

  it("does what the one in the repository does", context => {
    const own = join(folder, "own.node");
    const built = spawnSync(process.execPath, ["native/placement/build.mjs", own], { encoding: "utf8" });
    context.skip(
      /could not be started/.test(built.stderr),
      `no C compiler or no git here: ${built.stderr.slice(-200)}`,
    );
    expect(built.stderr).toBe("");
    const placement = { ramTensors: "^blk\\.[0-2]\\.ffn_(up|down|gate)_exps", kvInRam: true };
    const report = (addon: string) => {
      const args = ["lib/engine/testing/report-placement.mjs", addon, modelPaths.get("small-qwen3-moe") ?? "", "7"];
      const { stdout, stderr } = spawnSync(process.execPath, [...args, JSON.stringify(placement)], {
        encoding: "utf8",
        env: { ...process.env, GGML_VK_VISIBLE_DEVICES: "0" },
      });
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout);
    };
    const committed = report(join("native/placement/builds", `${process.platform}-${process.arch}.node`));
    expect(committed.context.kind).toBe("context");
    expect(report(own)).toEqual(committed);
  });
});
