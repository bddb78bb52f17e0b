import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import type { ModelProfile } from "@/lib/gguf/model-profile";
import { type ModelShape, modelShape, realShapes, smallShapes } from "@/lib/gguf/model-shapes";
import { headerSurface } from "@/lib/plan/header-surface";
import { memoryNeed } from "@/lib/plan/memory-need";
import type { Buffers, LoadConfig } from "@/lib/schema/load-config";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { MIB } from "@/lib/units/bytes";
import { buildBundles, cpuConfig, ForkedEngine } from "./testing/forked-engine";
import { writeShape } from "./testing/shape-model";

/** Mesa's lavapipe: a real Vulkan device in software, with 2 GiB (engine.md, "A GPU for tests"). */
let engine: ForkedEngine;
const folder = mkdtempSync(join(tmpdir(), "headroom-families-"));

beforeAll(async () => {
  buildBundles();
  engine = new ForkedEngine({ GGML_VK_VISIBLE_DEVICES: "0" });
  await engine.ready;
});
afterAll(async () => {
  await engine.end();
  rmSync(folder, { recursive: true });
});

async function needGpu(context: TestContext): Promise<void> {
  const { info } = await engine.ready;
  context.skip(!info.gpuUsable, `no Vulkan device here: ${info.gpuProblem}`);
}

async function dryRun(config: LoadConfig): Promise<Buffers> {
  return (await engine.askFor("dry-run", { type: "dry-run", config })).buffers;
}

type Run = Pick<LoadConfig, "batchTokens" | "sequences" | "flashAttention">;
const surfaceOf = (profile: ModelProfile, { batchTokens, sequences, flashAttention }: Run): MemorySurface =>
  headerSurface(profile, { batchTokens, sequences, flashAttention });

/**
 * What this device leaves in system memory although its layer is on the GPU: tensors over 128 MiB or of more than 65,536 rows, and
 * what Mamba 1 computes with (states of 16). Real cards hold them.
 * @see llama.cpp ggml/src/ggml-vulkan/ggml-vulkan.cpp ggml_backend_vk_device_supports_op
 */
function leftInRamBytes(
  { blocks, blocksProfile, output, vocabularySize, architecture }: ModelProfile,
  gpuLayers: number,
) {
  const isLeft = ({ name, bytes }: { name: string; bytes: number }, rows: number): boolean =>
    bytes > 128 * MIB || rows > 65_536 || (architecture === "mamba" && name.endsWith(".ssm_a"));
  const inBlocks = blocksProfile
    .filter(({ index }) => index >= blocks + 1 - gpuLayers)
    .flatMap(({ tensors }) => tensors.filter(tensor => isLeft(tensor, 0)));
  const matrix = output.filter(
    ({ name }) => !name.startsWith("output_norm") && isLeft({ name, bytes: 0 }, vocabularySize),
  );
  const inOutput = gpuLayers === 0 ? [] : output.filter(tensor => matrix.includes(tensor) || isLeft(tensor, 0));
  return [...inBlocks, ...inOutput].reduce((sum, { bytes }) => sum + bytes, 0);
}

describe("the real shapes, by llama.cpp's dry run", () => {
  it.for(realShapes)(
    "$family: $id has the weights of the closed form at every number of layers",
    async (shape, context) => {
      await needGpu(context);
      const { modelPath, profile } = writeShape(folder, shape);
      const run = { ...cpuConfig, modelPath, contextTokens: 256, batchTokens: 1 };
      const surface = surfaceOf(profile, run);
      for (let gpuLayers = 0; gpuLayers <= profile.blocks + 1; gpuLayers++) {
        const { gpuWeightsBytes, ramWeightsBytes } = await dryRun({ ...run, gpuLayers });
        const leftBytes = leftInRamBytes(profile, gpuLayers);
        expect([gpuLayers, gpuWeightsBytes]).toEqual([
          gpuLayers,
          (surface.gpuWeightsBytes[gpuLayers] ?? 0) - leftBytes,
        ]);
        console.log(shape.id, gpuLayers, ramWeightsBytes - ((surface.ramWeightsBytes[gpuLayers] ?? 0) + leftBytes));
      }
    },
  );
});
