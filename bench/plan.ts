import { smallShapes } from "@/lib/gguf/testing/model-shapes";
import { memoryNeed } from "@/lib/plan/memory/memory-need";
import { mendSurface } from "@/lib/plan/memory/mend-surface";
import { shownToConfirm } from "@/lib/plan/placement/next-to-confirm";
import { planLayers } from "@/lib/plan/placement/plan-layers";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { kvElementTypes } from "@/lib/schema/plans/kv-type";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import { defaultSettings, type PlanSettings } from "@/lib/schema/settings/settings";
import { bytesToMib } from "@/lib/units/bytes";
import { median } from "@/lib/units/median";
import type { BenchOptions } from "./bench-options";
import {
  BATCH_TOKENS,
  confirmedPlan,
  type DryRunParts,
  EXACT_BYTES,
  type Family,
  fitsWithLess,
  gpuBytes,
  loadConfigured,
  roomyCard,
  startDryRunEngine,
  withFamilies,
} from "./measure/dry-run-engine";
import { printTable } from "./measure/print-table";

interface LoadRow {
  readonly family: string;
  readonly gpuLayers: number;
  readonly totalLayers: number;
  readonly kvType: string;
  readonly contextTokens: number;
  readonly realBytes: number;
  /** Error of the dry run of exactly this configuration against the real load, for all GPU buffers together. */
  readonly confirmedErrorBytes: number;
  /** Error of the surface alone as a share of the real load. The surface has no sample at these contexts, as while a slider moves. */
  readonly movingError: number;
  readonly weightsErrorBytes: number;
  /** Error against the load's own log, which rounds each buffer to 0.01 MiB; null if the layers have no closed form. */
  readonly kvErrorBytes: number | null;
}

/** Compares plans with dry runs of the same configurations. The plans use the surface alone, over all budgets, contexts and KV types. */
interface InstantRow {
  readonly family: string;
  readonly plans: number;
  readonly errors: readonly number[];
  /** The same after the plan and its neighbour are confirmed, as a page shows it at rest. */
  readonly restErrors: readonly number[];
  readonly dryRuns: number;
  readonly fillingMs: number;
}

interface RegretRow {
  readonly family: string;
  readonly budgets: number;
  /** Layers that the plan left on the CPU although they fit, over all budgets. */
  readonly lostLayers: number;
  readonly overBudget: number;
  readonly dryRunsPerPlan: number;
}

const BUDGETS = 12;
const INSTANT_PLANS = 60;
const INSTANT_LONGEST_TOKENS = 32_768;
const CONTEXTS = [4096, 5000, 8192, 3000] as const;
/** Limits while a slider moves: not much less than the real size, and not so much more that layers seem lost. */
const MOST_UNDER = -0.01;
const MOST_OVER = 0.03;

/**
 * Compares the planner with llama.cpp on a device: predictions with real loads, and the layers of a plan with the best result of
 * trying every number of layers. The models are small but have real structures. Their weights are zeros that take no disk space.
 */
export async function benchPlan({ json, args }: BenchOptions): Promise<void> {
  const engine = await startDryRunEngine("0");
  const { info } = engine.backend;
  const loads: LoadRow[] = [];
  const instants: InstantRow[] = [];
  const regrets: RegretRow[] = [];
  await withFamilies(engine, smallShapes, args, async family => {
    for (const config of configurationsOf(family)) {
      const row = await compareLoad(engine, family, config);
      if (row !== null) loads.push(row);
    }
    instants.push(await measureInstant(family));
    regrets.push(await measureRegret(family));
  });
  const rows = { loads, instants, regrets };
  if (json) console.log(JSON.stringify({ device: info.devices, ...rows, summary: summaryOf(rows) }));
  else print(info.devices, rows);
}

/** All layers and parts of them, with each KV type and all kinds of contexts. */
function configurationsOf({ modelPath, surface }: Family): LoadConfig[] {
  const total = surface.model.blocks + 1;
  const half = Math.ceil(total / 2);
  const points: readonly Pick<LoadConfig, "gpuLayers" | "kvType" | "contextTokens">[] = [
    { gpuLayers: total, kvType: "f16", contextTokens: CONTEXTS[0] },
    { gpuLayers: half, kvType: "f16", contextTokens: CONTEXTS[1] },
    { gpuLayers: half + 1, kvType: "q8_0", contextTokens: CONTEXTS[2] },
    { gpuLayers: total - 1, kvType: "q4_0", contextTokens: CONTEXTS[3] },
  ];
  const common = { modelPath, batchTokens: BATCH_TOKENS, sequences: 1, flashAttention: "auto", threads: 2 } as const;
  return points.map(point => ({ ...common, ...point, useMmap: true }));
}

/** Null for a KV type that this family cannot have. */
async function compareLoad(engine: DryRunParts, family: Family, config: LoadConfig): Promise<LoadRow | null> {
  const confirmed = await family.dryRun(config).catch(() => null);
  if (confirmed === null) return null;
  const { buffers, split } = await loadConfigured(engine, config);
  const { gpu } = memoryNeed(family.surface, config);
  const realBytes = gpuBytes(buffers);
  return {
    family: family.name,
    gpuLayers: config.gpuLayers,
    totalLayers: family.surface.model.blocks + 1,
    kvType: config.kvType,
    contextTokens: config.contextTokens,
    realBytes,
    confirmedErrorBytes: gpuBytes(confirmed) - realBytes,
    movingError: (gpu.totalBytes - realBytes) / realBytes,
    weightsErrorBytes: gpu.weightsBytes - buffers.gpuWeightsBytes,
    kvErrorBytes: family.surface.kvSource === "closed-form" ? gpu.kvBytes - (split.gpuKvBytes ?? 0) : null,
  };
}

/** The fractional part of multiples of an irrational number: evenly spread, and the same in every run. */
const spread = (index: number, step: number): number => (index * step) % 1;
const GOLDEN = 0.618_033_988_75;
const SILVER = 0.414_213_562_37;

async function measureInstant(family: Family): Promise<InstantRow> {
  const [template] = configurationsOf(family);
  if (template === undefined) throw new Error("There is no configuration.");
  const { surface } = family;
  const longest = Math.min(surface.model.trainContextTokens || INSTANT_LONGEST_TOKENS, INSTANT_LONGEST_TOKENS);
  const errors: number[] = [];
  const restErrors: number[] = [];
  for (let index = 0; index < INSTANT_PLANS; index++) {
    const kvType = kvElementTypes[index % kvElementTypes.length] ?? "f16";
    const contextTokens = Math.round(512 * (longest / 512) ** spread(index, GOLDEN));
    const everything = { gpuLayers: surface.model.blocks + 1, contextTokens, kvType };
    const card = cardOf(Math.round(memoryNeed(surface, everything).gpu.totalBytes * 1.1 * spread(index, SILVER)));
    const settings: PlanSettings = {
      ...defaultSettings,
      N_BATCH: BATCH_TOKENS,
      N_CTX: contextTokens,
      KV_CACHE_QUANT: kvType,
      TARGET_VRAM_USAGE: 1,
    };
    const { gpuLayers } = planLayers(surface, card, settings);
    const real = await family.dryRun({ ...template, gpuLayers, contextTokens, kvType }).catch(() => null);
    // This family cannot have this KV type, or the card is too small for a layer, so there is no plan to compare.
    if (real === null || gpuLayers === 0) continue;
    errors.push(memoryNeed(surface, { gpuLayers, contextTokens, kvType }).gpu.totalBytes / gpuBytes(real) - 1);
    restErrors.push(await errorAtRest(family, { ...template, contextTokens, kvType }, card, settings));
  }
  const { name, dryRuns, fillingMs } = family;
  return { family: name, plans: errors.length, errors, restErrors, dryRuns, fillingMs };
}

/** Compares the plan that the page shows after llama.cpp confirmed it with a dry run of that plan. */
async function errorAtRest(
  family: Family,
  config: LoadConfig,
  card: GpuMemory,
  settings: PlanSettings,
): Promise<number> {
  let { surface } = family;
  for (;;) {
    const [placement] = shownToConfirm(surface, card, settings);
    if (placement === undefined) break;
    const asked = { ...config, ...placement, sequences: placement.sequences ?? config.sequences };
    surface = mendSurface(surface, asked, await family.dryRun(asked)).surface;
  }
  const { gpuLayers, sequences, predicted } = planLayers(surface, card, settings);
  if (gpuLayers === 0) return 0;
  return predicted.totalBytes / gpuBytes(await family.dryRun({ ...config, gpuLayers, sequences })) - 1;
}

/** Compares Headroom's plan (from the surface, confirmed, mended, planned again) with dry runs of every number of layers. */
async function measureRegret(family: Family): Promise<RegretRow> {
  const settings: PlanSettings = { ...defaultSettings, N_CTX: 4096, N_BATCH: BATCH_TOKENS, TARGET_VRAM_USAGE: 1 };
  const [template] = configurationsOf(family);
  if (template === undefined) throw new Error("There is no configuration.");
  const at = (gpuLayers: number): LoadConfig => ({ ...template, gpuLayers, contextTokens: settings.N_CTX });
  const needs = [0];
  for (let gpuLayers = 1; gpuLayers <= family.surface.model.blocks + 1; gpuLayers++)
    needs.push(gpuBytes(await family.dryRun(at(gpuLayers))));

  const [low, high] = [0.9 * Math.min(...needs.slice(1)), 1.05 * Math.max(...needs)];
  let lostLayers = 0;
  let overBudget = 0;
  let dryRuns = 0;
  for (let step = 0; step < BUDGETS; step++) {
    const budget = Math.round(low + ((high - low) * step) / (BUDGETS - 1));
    const { chosen: plan, dryRuns: made } = await confirmedPlan(family, settings, template, cardOf(budget));
    let best = needs.findLastIndex(need => need <= budget);
    while (best > plan.gpuLayers && !(await fitsWithLess(family, at(best), budget)))
      best = needs.findLastIndex((need, gpuLayers) => gpuLayers < best && need <= budget);
    lostLayers += best - plan.gpuLayers;
    overBudget += (needs[plan.gpuLayers] ?? 0) > budget ? 1 : 0;
    dryRuns += made;
  }
  return { family: family.name, budgets: BUDGETS, lostLayers, overBudget, dryRunsPerPlan: dryRuns / BUDGETS };
}

const cardOf = (totalBytes: number): GpuMemory => ({ ...roomyCard("benchmark", totalBytes), placesExperts: false });

interface Rows {
  readonly loads: readonly LoadRow[];
  readonly instants: readonly InstantRow[];
  readonly regrets: readonly RegretRow[];
}

const worst = (values: readonly number[]): number => Math.max(0, ...values.map(Math.abs));
const withinGoal = (errors: readonly number[]): number =>
  errors.filter(error => error >= MOST_UNDER && error <= MOST_OVER).length;
const lowest = (errors: readonly number[]): number => Math.min(0, ...errors);
const highest = (errors: readonly number[]): number => Math.max(0, ...errors);

function summaryOf({ loads, instants, regrets }: Rows) {
  const errors = instants.flatMap(row => row.errors);
  const restErrors = instants.flatMap(row => row.restErrors);
  return {
    configurations: loads.length,
    families: new Set(loads.map(row => row.family)).size,
    confirmedWorstBytes: worst(loads.map(row => row.confirmedErrorBytes)),
    loadsMovingWorst: worst(loads.map(row => row.movingError)),
    plans: errors.length,
    plansWithinGoal: withinGoal(errors),
    plansMedian: median(errors.map(Math.abs)) ?? 0,
    plansLowest: lowest(errors),
    plansHighest: highest(errors),
    restWorst: worst(restErrors),
    weightsWorstBytes: worst(loads.map(row => row.weightsErrorBytes)),
    kvWorstBytes: worst(loads.map(row => row.kvErrorBytes ?? 0)),
    lostLayers: regrets.reduce((sum, row) => sum + row.lostLayers, 0),
    overBudget: regrets.reduce((sum, row) => sum + row.overBudget, 0),
  };
}

const mib = (bytes: number): string => bytesToMib(bytes).toFixed(2);
const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

function print(devices: readonly string[], rows: Rows): void {
  const { loads, instants, regrets } = rows;
  console.log(`Predicted against really loaded, GPU buffers in MiB, on ${devices.join(", ")}:\n`);
  printTable(
    ["family", "layers", "KV", "context", "real", "confirmed", "moving", "weights", "KV cache"],
    loads.map(row => [
      row.family,
      `${row.gpuLayers} of ${row.totalLayers}`,
      row.kvType,
      String(row.contextTokens),
      mib(row.realBytes),
      mib(row.confirmedErrorBytes),
      percent(row.movingError),
      mib(row.weightsErrorBytes),
      row.kvErrorBytes === null ? "-" : mib(row.kvErrorBytes),
    ]),
  );
  console.log(
    "\nPlans at budgets and contexts all over, as a slider that moves shows them and as they settle at rest, against the dry run of each:\n",
  );
  printTable(
    ["family", "plans", "within -1 and 3 %", "lowest", "highest", "at rest", "dry runs", "filled in"],
    instants.map(row => [
      row.family,
      String(row.plans),
      String(withinGoal(row.errors)),
      percent(lowest(row.errors)),
      percent(highest(row.errors)),
      percent(worst(row.restErrors)),
      String(row.dryRuns),
      `${(row.fillingMs / 1000).toFixed(1)} s`,
    ]),
  );
  console.log(`\nConfirmed plans against every number of layers, ${BUDGETS} budgets each:\n`);
  printTable(
    ["family", "layers lost", "over budget", "dry runs a plan"],
    regrets.map(row => [row.family, String(row.lostLayers), String(row.overBudget), row.dryRunsPerPlan.toFixed(1)]),
  );
  const summary = summaryOf(rows);
  const verdict = (holds: boolean): string => (holds ? "ok" : "NOT MET");
  console.log(
    [
      "",
      `${summary.configurations} configurations of ${summary.families} families`,
      `confirmed: ${mib(summary.confirmedWorstBytes)} MiB off at worst (goal 0.01): ${verdict(summary.confirmedWorstBytes <= EXACT_BYTES)}`,
      `moving, at the loads: ${percent(summary.loadsMovingWorst)} off at worst`,
      `moving, all over: ${summary.plansWithinGoal} of ${summary.plans} plans between 1 % below and 3 % above, ${percent(summary.plansMedian)} off in the middle, ${percent(summary.plansLowest)} and ${percent(summary.plansHighest)} at worst: ${verdict(summary.plansWithinGoal === summary.plans)}`,
      `at rest: ${percent(summary.restWorst)} off at worst (goal 0): ${verdict(summary.restWorst === 0)}`,
      `weights: ${mib(summary.weightsWorstBytes)} MiB, KV cache: ${mib(summary.kvWorstBytes)} MiB (goal 0, the log rounds): ${verdict(summary.weightsWorstBytes === 0 && summary.kvWorstBytes <= 2 * EXACT_BYTES)}`,
      `regret: ${summary.lostLayers} layers lost, ${summary.overBudget} plans over budget (goal 0 and 0): ${verdict(summary.lostLayers === 0 && summary.overBudget === 0)}`,
    ].join("\n"),
  );
}
