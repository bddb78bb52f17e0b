import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import type { ModelProfile, TensorProfile } from "@/lib/gguf/profile/model-profile";
import { type ModelShape, modelShape, realShapes, smallShapes } from "@/lib/gguf/testing/model-shapes";
import { headsOf80, openLlama3b } from "@/lib/gguf/testing/odd-heads-shape";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { type MemoryPoint, memoryNeed } from "@/lib/plan/memory/memory-need";
import { kvTypeRefusal } from "@/lib/plan/memory/usable-kv-types";
import { isMixed, type KvType, kvTypes } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { type LlamaBackend, startLlamaBackend } from "../backend/llama-backend";
import { largestTensorBytes } from "../backend/tensor-limit";
import { EngineLog } from "../engine-log";
import { cpuConfig, ForkedEngine } from "../testing/forked-engine";
import { writeShape } from "../testing/shape-model";
import { DryRun } from "./dry-run";
import { fillSurface } from "./fill-surface";
import { dryRunOracle } from "./surface-oracle";

/** Mesa's lavapipe: a real Vulkan device in software, with 2 GiB (engine.md, "A GPU for tests"). Read when Vulkan starts. */
process.env.GGML_VK_VISIBLE_DEVICES = "0";

const folder = mkdtempSync(join(tmpdir(), "headroom-families-"));
let backend: LlamaBackend;

beforeAll(async () => {
  backend = await startLlamaBackend({ gpu: "vulkan", build: "prebuilt", log: new EngineLog() });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One sequence, flash attention, one token at a time: the cache is nearly all that the context takes. */
const ONE_TOKEN = { batchTokens: 1, sequences: 1, flashAttention: "auto" } as const;

/** Opened once: what a dry run found out about a shape's weights serves the tests after it. */
const opened = new Map<string, { readonly profile: ModelProfile; readonly dryRun: DryRun }>();

async function openShape(shape: ModelShape, context: TestContext) {
  const { devices, gpuProblem } = backend.info;
  const isSoftware = devices.some(name => name.startsWith("llvmpipe"));
  context.skip(!isSoftware, `no software Vulkan device here: ${gpuProblem ?? devices.join(", ")}`);
  const known = opened.get(shape.id);
  if (known !== undefined) return known;
  const { modelPath, profile } = writeShape(folder, shape);
  const shapeRuns = { profile, dryRun: await DryRun.open(backend, modelPath) };
  opened.set(shape.id, shapeRuns);
  return shapeRuns;
}

/**
 * Tensors that this device leaves in system memory although their layer is on the GPU: those over 128 MiB or with more than 65,536
 * rows, and those that Mamba 1 computes with (states of 16). Real cards hold them.
 * @see llama.cpp ggml/src/ggml-vulkan/ggml-vulkan.cpp (ggml_backend_vk_device_supports_op)
 */
function leftInRam({ blocks, blocksProfile, output, vocabularySize, architecture }: ModelProfile, gpuLayers: number) {
  const isLeft = ({ name, bytes }: TensorProfile): boolean =>
    bytes > 128 * MIB ||
    (architecture === "mamba" && name.endsWith(".ssm_a")) ||
    (vocabularySize > 65_536 && /^(?:output|token_embd)\.weight$/.test(name));
  const onGpu = blocksProfile.filter(({ index }) => index >= blocks + 1 - gpuLayers).flatMap(({ tensors }) => tensors);
  return [...onGpu, ...(gpuLayers > 0 ? output : [])].filter(isLeft);
}

const bytesOf = (tensors: readonly TensorProfile[]): number => tensors.reduce((sum, { bytes }) => sum + bytes, 0);

/** Small tensors in system memory start at multiples of 64 bytes. */
const RAM_PADDING_BYTES = 64;

/**
 * K or V of one layer is a number of heads wide, and quantized types need rows of whole blocks of 32: the smallest mistake that a closed
 * form can make over so many tokens, at q4_0's 18 bytes a block, is 7,936 x 18 = 142,848 bytes.
 */
const GROWTH_TOKENS = [256, 8192] as const;
/** Other growth with the context at one token: the mask (2 bytes a cell), and variations of the allocator. */
const ALLOWED_BYTES = 120_000;

describe("the real shapes, by llama.cpp's dry run", () => {
  it.for(realShapes)(
    "$family: the weights of $id are the closed form's at every number of layers",
    async (shape, context) => {
      const { profile, dryRun } = await openShape(shape, context);
      const surface = headerSurface(profile, ONE_TOKEN);
      for (let gpuLayers = 0; gpuLayers <= profile.blocks + 1; gpuLayers++) {
        const { gpuBytes, ramBytes } = await dryRun.weights({ gpuLayers, useMmap: true });
        const left = leftInRam(profile, gpuLayers);
        const at = `at ${gpuLayers} layers`;
        expect(gpuBytes, at).toBe((surface.gpuWeightsBytes[gpuLayers] ?? 0) - bytesOf(left));
        // A tied output that this device leaves in system memory may be stored there once or twice, depending on its buffers.
        if (profile.tiedEmbeddings && leftInRam(profile, 1).length > 0) continue;
        const padding = ramBytes - (surface.ramWeightsBytes[gpuLayers] ?? 0) - bytesOf(left);
        expect(padding, at).toBeGreaterThanOrEqual(0);
        expect(padding, at).toBeLessThan(RAM_PADDING_BYTES * 4 * profile.blocks);
      }
    },
  );

  it.for(realShapes)("$family: the KV cache of $id is the closed form's, to the byte", async (shape, context) => {
    const { profile, dryRun } = await openShape(shape, context);
    const surface = headerSurface(profile, ONE_TOKEN);
    const beyond = async (at: MemoryPoint) => {
      const { gpuBytes, ramBytes } = await dryRun.context({ ...at, ...ONE_TOKEN, useMmap: true });
      const { gpu, ram } = memoryNeed(surface, at);
      return { gpuBytes: gpuBytes - gpu.kvBytes, ramBytes: ramBytes - ram.kvBytes };
    };
    // All layers on the GPU, all but a block or two, and none.
    for (const [gpuLayers, kvType] of [
      [profile.blocks + 1, "f16"],
      [profile.blocks + 1, "q8_0"],
      [profile.blocks + 1, "q8_0/q4_0"],
      [profile.blocks - 1, "f16/q8_0"],
      [profile.blocks - 1, "q4_0"],
      [1, "f16"],
    ] as const) {
      if (kvTypeRefusal(surface, kvType) !== null) continue;
      const [few, many] = GROWTH_TOKENS;
      const atFew = await beyond({ gpuLayers, contextTokens: few, kvType });
      const atMany = await beyond({ gpuLayers, contextTokens: many, kvType });
      const at = `${kvType} at ${gpuLayers} layers`;
      expect(Math.min(atFew.gpuBytes, atFew.ramBytes), at).toBeGreaterThanOrEqual(0);
      expect(Math.abs(atMany.gpuBytes - atFew.gpuBytes), at).toBeLessThan(ALLOWED_BYTES);
      expect(Math.abs(atMany.ramBytes - atFew.ramBytes), at).toBeLessThan(ALLOWED_BYTES);
    }
  });
});

describe("what llama.cpp refuses", () => {
  const uneven = [headsOf80(), openLlama3b()];

  it.for([...realShapes, ...smallShapes, ...uneven])(
    "$family: each KV type of $id that llama.cpp refuses is known before it is tried, and no other",
    async (shape, context) => {
      const { profile, dryRun } = await openShape(shape, context);
      // Without flash attention llama.cpp does not check K's heads, and cuts them in the middle of a block: such a cache is refused here.
      const modes = uneven.includes(shape) ? (["auto"] as const) : (["auto", "off"] as const);
      for (const flashAttention of modes) {
        const run = { ...ONE_TOKEN, flashAttention };
        const surface = headerSurface(profile, run);
        const refused: KvType[] = [];
        for (const kvType of kvTypes) {
          const at = { gpuLayers: profile.blocks + 1, contextTokens: 512, kvType };
          await dryRun.context({ ...at, ...run, useMmap: true }).catch(() => refused.push(kvType));
        }
        expect(refused, `flash attention ${flashAttention}`).toEqual(
          kvTypes.filter(kvType => kvTypeRefusal(surface, kvType) !== null),
        );
      }
    },
  );
});

const MANY_TOKENS = { ...ONE_TOKEN, batchTokens: 512 };
const EXACT_TOKENS = 4096;

/** Fills it as the engine does, in less time: only the first points are certain. */
async function filledSurface(profile: ModelProfile, dryRun: DryRun): Promise<MemorySurface> {
  const oracle = dryRunOracle(dryRun, { ...MANY_TOKENS, useMmap: true }, { gpu: true, placesExperts: false });
  return fillSurface(oracle, headerSurface(profile, MANY_TOKENS), {
    budgetMs: 200,
    largestTensorBytes: largestTensorBytes(backend.info),
    onProgress: () => {},
    checkIn: async () => {},
  });
}

async function expectExactWeights({ gpuWeightsBytes, ramWeightsBytes }: MemorySurface, dryRun: DryRun): Promise<void> {
  for (const [gpuLayers, gpuBytes] of gpuWeightsBytes.entries()) {
    const weights = await dryRun.weights({ gpuLayers, useMmap: true });
    expect({ gpuBytes, ramBytes: ramWeightsBytes[gpuLayers] }, `at ${gpuLayers} layers`).toEqual(weights);
  }
}

/** Checks the context's total at all layers on the GPU, where the surface has a column. */
async function expectExactContext(surface: MemorySurface, dryRun: DryRun): Promise<void> {
  for (const kvType of ["f16", "q8_0", "q4_0"] as const) {
    const at = { gpuLayers: surface.model.blocks + 1, kvType, contextTokens: EXACT_TOKENS };
    const dry = await dryRun.context({ ...at, ...MANY_TOKENS, useMmap: true });
    const { gpu, ram } = memoryNeed(surface, at);
    const context = { gpuBytes: gpu.kvBytes + gpu.computeBytes, ramBytes: ram.kvBytes + ram.computeBytes };
    // llama.cpp's dry run lacks the row of logits, of 4 bytes for each token of the vocabulary.
    const logitsBytes = 4 * surface.model.vocabularySize;
    expect(context, kvType).toEqual({ ...dry, ramBytes: dry.ramBytes + logitsBytes });
  }
}

/** Shapes whose weights are not plain sums on this device, because of tensors that it leaves in system memory or their padding. */
const weightsFromDryRun: readonly string[] = [
  "llama-3.1-8b",
  "small-gpt-oss",
  "small-mamba",
  "small-falcon-h1",
  "small-qwen3-next",
];

describe("a filled surface", () => {
  const shapes = [...smallShapes, modelShape("llama-2-7b"), modelShape("llama-3.1-8b")];

  it.for(shapes)("$family: of $id has exact weights, and says where its figures are from", async (shape, context) => {
    const { profile, dryRun } = await openShape(shape, context);
    const surface = await filledSurface(profile, dryRun);
    expect(surface).toMatchObject({
      computeSource: "dry-run",
      kvSource: "closed-form",
      weightsSource: weightsFromDryRun.includes(shape.id) ? "dry-run" : "closed-form",
    });
    await expectExactWeights(surface, dryRun);
  });

  it.for(["llama-2-7b", "llama-3.1-8b"])(
    "of %s says what a cache with different types for K and V needs, within 1 percent below and 3 percent above, without a dry run of it",
    async (id, context) => {
      const { profile, dryRun } = await openShape(modelShape(id), context);
      const surface = await filledSurface(profile, dryRun);
      for (const kvType of kvTypes.filter(isMixed))
        for (const gpuLayers of [profile.blocks + 1, Math.ceil((profile.blocks + 1) / 2)]) {
          const at = { gpuLayers, kvType, contextTokens: EXACT_TOKENS };
          const dry = await dryRun.context({ ...at, ...MANY_TOKENS, useMmap: true });
          const { gpu } = memoryNeed(surface, at);
          const error = gpu.totalBytes / (gpu.weightsBytes + dry.gpuBytes) - 1;
          expect(error, `${kvType} at ${gpuLayers} layers`).toBeGreaterThan(-0.01);
          expect(error, `${kvType} at ${gpuLayers} layers`).toBeLessThan(0.03);
        }
    },
  );

  it("of a family beyond the closed form takes cache and compute from the dry run as one", async context => {
    const { profile, dryRun } = await openShape(loopedShape(), context);
    expect(profile.kvClosedForm).toBe(false);
    const surface = await filledSurface(profile, dryRun);
    expect(surface).toMatchObject({ computeSource: "dry-run", kvSource: "dry-run" });
    expect(surface.layers.every(({ kv }) => kv.growth === "none")).toBe(true);
    await expectExactWeights(surface, dryRun);
    await expectExactContext(surface, dryRun);
  });

  it("of a file whose header leads the closed form astray is the dry run's all the same", async context => {
    const { profile, dryRun } = await openShape(modelShape("small-llama-3"), context);
    const astray = profile.blocksProfile.map(block => ({ ...block, kv: { ...block.kv, vElementsPerCell: 0 } }));
    const surface = await filledSurface({ ...profile, blocksProfile: astray }, dryRun);
    expect(surface.kvSource).toBe("dry-run");
    await expectExactWeights(surface, dryRun);
    await expectExactContext(surface, dryRun);
  });
});

/** Nanbeige runs its blocks twice, each time with a separate cache. @see llama.cpp src/models/nanbeige.cpp */
function loopedShape(): ModelShape {
  const { gguf } = modelShape("small-llama-2");
  const entries = Object.entries(gguf.metadata).map(([key, value]) => [key.replace(/^llama\./, "nanbeige."), value]);
  const metadata = { ...Object.fromEntries(entries), "general.architecture": "nanbeige", "nanbeige.num_loops": 2 };
  return { id: "small-nanbeige", family: "Nanbeige", gguf: { ...gguf, metadata } };
}

describe("the small shapes, really loaded", () => {
  let engine: ForkedEngine;

  beforeAll(async () => {
    engine = new ForkedEngine({ GGML_VK_VISIBLE_DEVICES: "0", HEADROOM_ENGINE_GPU: "vulkan" });
    await engine.ready;
  });
  afterAll(() => engine.end());

  /** llama.cpp's log rounds each buffer to 0.01 MiB; a device has at most two that hold a cache or a recurrent state. */
  const LOG_BYTES = 0.01 * MIB;

  it.for(smallShapes)("$family: $id takes what the closed form and the dry run say", async (shape, context) => {
    const { profile, dryRun } = await openShape(shape, context);
    const { modelPath } = writeShape(folder, shape);
    for (const change of [
      { gpuLayers: profile.blocks + 1, contextTokens: 3000, batchTokens: 512, kvType: "f16" },
      { gpuLayers: Math.floor(profile.blocks / 2), contextTokens: 1000, batchTokens: 256, kvType: "q8_0" },
    ] as const) {
      const config = { ...cpuConfig, ...change, modelPath };
      const { buffers, split } = await engine.askFor("loaded", { type: "load", config });
      const { gpu, ram } = memoryNeed(headerSurface(profile, config), config);
      expect(Math.abs((split.gpuKvBytes ?? 0) - gpu.kvBytes)).toBeLessThan(LOG_BYTES);
      expect(Math.abs((split.ramKvBytes ?? 0) - ram.kvBytes)).toBeLessThan(LOG_BYTES);
      const dry = await dryRun.buffers(config);
      expect([buffers.gpuWeightsBytes, buffers.gpuContextBytes]).toEqual([dry.gpuWeightsBytes, dry.gpuContextBytes]);
      expect(Math.abs(buffers.ramContextBytes - dry.ramContextBytes)).toBeLessThanOrEqual(RAM_PADDING_BYTES);
      // The mapped file has gaps between the Mamba tensors that this device leaves in system memory, and these gaps count.
      if (profile.architecture === "mamba") continue;
      // The mapped file has no padding.
      const padding = dry.ramWeightsBytes - buffers.ramWeightsBytes;
      expect(Math.abs(padding)).toBeLessThan(RAM_PADDING_BYTES * 4 * profile.blocks);
    }
  });
});
