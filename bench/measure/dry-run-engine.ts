import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseGguf } from "@/lib/gguf/parse-gguf";
import { type ModelShape, modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { type Placement, placementOf } from "@/lib/plan/memory/memory-need";
import { type DryRunBuffers, mendSurface } from "@/lib/plan/memory/mend-surface";
import { nextToConfirm } from "@/lib/plan/placement/next-to-confirm";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { kvElementTypes } from "@/lib/schema/plans/kv-type";
import type { Buffers, LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { defaultSettings, type PlanSettings } from "@/lib/schema/settings/settings";
import { MIB } from "@/lib/units/bytes";
import { CONTEXT_PAD_TOKENS } from "@/lib/units/tokens";

export const BATCH_TOKENS = 512;
/** How fast the benchmarks assume the processor's memory to be. */
export const RAM_BYTES_PER_SECOND = 45e9;
/** How long a page waits for a surface. */
const FILLING_MS = 2500;

/** A card with exactly this much usable memory, beside memory of a tenth of its speed. */
export const roomyCard = (name: string, totalBytes: number): GpuMemory => ({
  name,
  backend: "vulkan",
  kind: "dedicated",
  totalBytes,
  freeBytes: totalBytes,
  usedByOthersBytes: 0,
  heldByEngineBytes: 0,
  overhead: { bytes: 0, source: "cautious", samples: 0, spreadBytes: 0 },
  placesExperts: true,
  ramBytesPerSecond: RAM_BYTES_PER_SECOND,
  source: "assumed",
});

export type BenchCase = Pick<LoadConfig, "contextTokens" | "kvType">;

/** Mixtures of experts of several kinds, one dense model and one hybrid. */
export const placedShapes = [
  "small-qwen3-moe",
  "small-gpt-oss",
  "small-deepseek-2",
  "small-qwen3-next",
  "small-llama-3",
].map(modelShape);
export const placedCases: readonly BenchCase[] = [
  { contextTokens: 4096, kvType: "f16" },
  { contextTokens: 16_384, kvType: "q8_0" },
];
/** What llama.cpp's log rounds to. */
export const EXACT_BYTES = 0.01 * MIB;

/** What a benchmark loads and plans with, at one context size and cache type, without a target below the card's size. */
export function benchConfig(modelPath: string, at: BenchCase): { template: LoadConfig; settings: PlanSettings } {
  return {
    template: {
      modelPath,
      gpuLayers: 0,
      batchTokens: BATCH_TOKENS,
      sequences: 1,
      flashAttention: "auto",
      threads: 2,
      useMmap: true,
      ...at,
    },
    settings: {
      ...defaultSettings,
      N_CTX: at.contextTokens,
      KV_CACHE_QUANT: at.kvType,
      N_BATCH: BATCH_TOKENS,
      TARGET_VRAM_USAGE: 1,
    },
  };
}

export type DryRunParts = Awaited<ReturnType<typeof startDryRunEngine>>;

/**
 * The engine's own parts in this process. node-llama-cpp is loaded only here, after the devices were chosen: Mesa's software device
 * where there is no GPU, once for each index in `devices`.
 *
 * @throws Error without a device
 */
export async function startDryRunEngine(devices: string) {
  process.env.GGML_VK_VISIBLE_DEVICES ??= devices;
  const { EngineLog } = await import("@/lib/engine/engine-log");
  const { startLlamaBackend } = await import("@/lib/engine/backend/llama-backend");
  const { DryRunShelf } = await import("@/lib/engine/dry-runs/dry-run-shelf");
  const { ModelHolder } = await import("@/lib/engine/model/model-holder");
  const { fillSurface } = await import("@/lib/engine/dry-runs/fill-surface");
  const { dryRunOracle } = await import("@/lib/engine/dry-runs/surface-oracle");
  const { largestTensorBytes } = await import("@/lib/engine/backend/tensor-limit");
  const backend = await startLlamaBackend({ gpu: "auto", build: "prebuilt", log: new EngineLog() });
  const { gpuUsable, gpuProblem, placement } = backend.info;
  if (!gpuUsable) throw new Error(`This benchmark needs a GPU, or Mesa's software one: ${gpuProblem}`);
  const shelf = new DryRunShelf(backend);
  const loader = new ModelHolder(backend, modelPath => shelf.take(modelPath));

  async function fill(modelPath: string, surface: MemorySurface, budgetMs: number): Promise<MemorySurface> {
    const oracle = dryRunOracle(
      await shelf.take(modelPath),
      { ...surface, useMmap: true },
      {
        gpu: true,
        placesExperts: placement.kind === "ready",
        cards: placement.kind === "ready" ? placement.cards.length : 0,
      },
    );
    return fillSurface(oracle, surface, {
      budgetMs,
      largestTensorBytes: largestTensorBytes(backend.info),
      onProgress: () => {},
      checkIn: async () => {},
    });
  }
  return { backend, shelf, loader, fill };
}

export interface Family {
  readonly name: string;
  readonly modelPath: string;
  readonly surface: MemorySurface;
  /** Dry runs that filled the surface. */
  readonly dryRuns: number;
  readonly fillingMs: number;
  dryRun(config: LoadConfig): Promise<DryRunBuffers>;
}

async function openFamily(engine: DryRunParts, shape: ModelShape, folder: string): Promise<Family> {
  const { header, fileBytes } = shapeFile(shape);
  const modelPath = join(folder, `${shape.id}.gguf`);
  writeFileSync(modelPath, header);
  truncateSync(modelPath, fileBytes);
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error(`${shape.id} has no whole header.`);
  const run = { batchTokens: BATCH_TOKENS, sequences: 1, flashAttention: "auto" } as const;
  const dryRun = await engine.shelf.take(modelPath);
  const beganMs = performance.now();
  const surface = await engine.fill(modelPath, headerSurface(parsed.profile, run), FILLING_MS);
  return {
    name: shape.family,
    modelPath,
    surface,
    dryRuns: dryRun.runs,
    fillingMs: performance.now() - beganMs,
    dryRun: async config => ({
      ...(await dryRun.buffers(config)),
      devices: (await dryRun.devices(config)) ?? undefined,
    }),
  };
}

/** Works with a file of each shape, which is gone afterwards: of all, or only of those whose names begin with one of the arguments. */
export async function withFamilies(
  engine: DryRunParts,
  shapes: readonly ModelShape[],
  args: readonly string[],
  work: (family: Family, shape: ModelShape, folder: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "headroom-bench-"));
  const asked = shapes.filter(({ id }) => args.some(start => id.startsWith(start)));
  try {
    for (const shape of asked.length > 0 ? asked : shapes) {
      await work(await openFamily(engine, shape, folder), shape, folder);
      await engine.loader.unload();
      console.error(`${shape.id}: done`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const loadConfigured = (engine: DryRunParts, config: LoadConfig) =>
  engine.loader.load(config, { signal: new AbortController().signal, onProgress: () => {} });

export const gpuBytes = (buffers: Buffers): number => buffers.gpuWeightsBytes + buffers.gpuContextBytes;

/** What the server does before a load: confirms the plan, and what might be better, until nothing is left to confirm. */
export async function confirmedPlan(family: Family, settings: PlanSettings, template: LoadConfig, card: GpuMemory) {
  const at = { ...template, contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
  let { surface } = family;
  const confirmed: Placement[] = [];
  for (;;) {
    const next = nextToConfirm(surface, card, settings, confirmed);
    if (next === null)
      return { surface, chosen: placementOf(planLayers(surface, card, settings)), dryRuns: confirmed.length };
    const config = { ...at, ...next };
    surface = mendSurface(surface, config, await family.dryRun(config)).surface;
    confirmed.push(next);
  }
}

/**
 * The planner's law: neither more context nor a wider KV type gives more layers. llama.cpp's need goes up and down, so a number of
 * layers may fit at this context and not at a smaller one. Such a plan does not count as better.
 */
export async function fitsWithLess(family: Family, config: LoadConfig, budget: number): Promise<boolean> {
  for (const kvType of kvElementTypes)
    for (
      let contextTokens = CONTEXT_PAD_TOKENS;
      contextTokens <= config.contextTokens;
      contextTokens += CONTEXT_PAD_TOKENS
    ) {
      const buffers = await family.dryRun({ ...config, kvType, contextTokens }).catch(() => null);
      if (buffers !== null && gpuBytes(buffers) > budget) return false;
    }
  return true;
}
