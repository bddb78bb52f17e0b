import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { modelShape } from "@/lib/gguf/testing/model-shapes";
import { headerSurface } from "@/lib/plan/memory/header-surface";
import { placementOf } from "@/lib/plan/memory/memory-need";
import { mendSurface } from "@/lib/plan/memory/mend-surface";
import { loadConfigOf } from "@/lib/plan/placement/load-config-of";
import { nextToConfirm } from "@/lib/plan/placement/next-to-confirm";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { defaultSettings, type PlanSettings } from "@/lib/schema/settings/settings";
import { MIB } from "@/lib/units/bytes";
import { ForkedEngine } from "../testing/forked-engine";
import { writeShape } from "../testing/shape-model";

const SHAPES = ["small-qwen3-moe", "small-deepseek-2", "small-llama-3"];
const folder = mkdtempSync(join(tmpdir(), "headroom-cards-"));
const surfaces = new Map<string, { readonly modelPath: string; readonly surface: MemorySurface }>();
let engine: ForkedEngine;
/** Why the cards cannot be chosen here; null if they can. */
let missing: string | null = null;

beforeAll(async () => {
  engine = new ForkedEngine({ GGML_VK_VISIBLE_DEVICES: "0,0" });
  const { info } = await engine.ready;
  missing = info.placement.kind === "missing" ? info.placement.reason : null;
  if (missing !== null) return;
  for (const id of SHAPES) {
    const { modelPath, profile } = writeShape(folder, modelShape(id));
    const run = { batchTokens: 512, sequences: 1, flashAttention: "auto" } as const;
    const question = { modelPath, surface: headerSurface(profile, run), useMmap: true, budgetMs: 1000 };
    const { surface } = await engine.askFor("surface", { type: "fill-surface", ...question });
    surfaces.set(id, { modelPath, surface });
  }
}, 120_000);
afterAll(async () => {
  await engine.end();
  rmSync(folder, { recursive: true });
});

const cardsOf = (budgets: readonly number[]): GpuMemory => {
  const totalBytes = budgets.reduce((sum, bytes) => sum + bytes, 0);
  return {
    name: "2 cards together",
    backend: "vulkan",
    kind: "dedicated",
    totalBytes,
    freeBytes: totalBytes,
    usedByOthersBytes: 0,
    heldByEngineBytes: 0,
    overhead: { bytes: 0, source: "cautious", samples: 0, spreadBytes: 0 },
    placesExperts: true,
    source: "assumed",
    cards: budgets.map((bytes, position) => ({
      name: "GeForce RTX 3070",
      totalBytes: bytes,
      freeBytes: bytes,
      heldByEngineBytes: 0,
      position,
    })),
  };
};

function withoutPlacement({
  expertBlocksInRam: _experts,
  borderExpertsOnGpu: _border,
  tensorSplit: _split,
  kvInRam: _kv,
  ...rest
}: ReturnType<typeof loadConfigOf>) {
  return rest;
}

/** What the server does before a load. */
async function confirmedPlan(id: string, gpu: GpuMemory, settings: PlanSettings) {
  const known = surfaces.get(id);
  if (known === undefined) throw new Error(`${id} was not filled`);
  let { surface } = known;
  const confirmed: NonNullable<ReturnType<typeof nextToConfirm>>[] = [];
  for (;;) {
    const plan = planLayers(surface, gpu, settings);
    const config = loadConfigOf(plan, { modelPath: known.modelPath, threads: 2, useMmap: true });
    const next = nextToConfirm(surface, gpu, settings, confirmed);
    if (next === null) return { plan, config };
    const asked = { ...withoutPlacement(config), ...placementOf(next) };
    const { buffers, devices } = await engine.askFor("dry-run", { type: "dry-run", config: asked });
    surface = mendSurface(surface, asked, { ...buffers, devices }).surface;
    confirmed.push(next);
  }
}

/** What llama.cpp needs to have the output alone on a card: no placement needs less there. */
async function leastBytes({ config }: Awaited<ReturnType<typeof confirmedPlan>>): Promise<number> {
  const asked = { ...withoutPlacement(config), gpuLayers: 1, tensorSplit: [1] };
  const { buffers } = await engine.askFor("dry-run", { type: "dry-run", config: asked });
  return buffers.gpuWeightsBytes + buffers.gpuContextBytes;
}

// The largest of these models takes 160 MiB with its buffers at 4,096 tokens.
it.for(
  SHAPES.flatMap(id =>
    [
      [60, 60],
      [90, 40],
      [30, 100],
      [45, 120],
      [300, 20],
    ].map(budgets => [id, budgets] as const),
  ),
)(
  "%s on cards with %j MiB takes on each what the plan says and no more than there is, and nothing where not even the output fits",
  {
    timeout: 60_000,
  },
  async ([id, budgets], context) => {
    context.skip(missing !== null, missing ?? "");
    const gpu = cardsOf(budgets.map(count => count * MIB));
    const settings = { ...defaultSettings, TARGET_VRAM_USAGE: 1, N_CTX: 4096 };
    const found = await confirmedPlan(id, gpu, settings);
    const { plan, config } = found;
    // small-qwen3-moe's output and its compute buffer take 80.4 MiB, so nothing fits on two cards with 60.
    const fitsSomething = (await leastBytes(found)) <= Math.max(...budgets) * MIB;
    expect(plan.gpuLayers > 0).toBe(fitsSomething);
    // The server loads such a plan with an engine that uses no card.
    if (!fitsSomething) return;
    const { devices } = await engine.askFor("loaded", { type: "load", config });
    for (const card of plan.cards) {
      const device = devices?.find(found => found.device === `Vulkan${card.position}`);
      const realBytes = device === undefined ? 0 : device.weightsBytes + device.kvBytes + device.computeBytes;
      expect(Math.abs(realBytes - card.predicted.totalBytes)).toBeLessThanOrEqual(0.01 * MIB);
      expect(realBytes).toBeLessThanOrEqual(card.budgetBytes);
    }
  },
);
