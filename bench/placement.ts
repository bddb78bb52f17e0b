import { spawnSync } from "node:child_process";
import { expertSteps } from "@/lib/plan/memory/expert-steps";
import { firstGpuBlock, memoryNeed, type Placement, placementOf } from "@/lib/plan/memory/memory-need";
import { decodeSeconds } from "@/lib/plan/speed/speed-parts";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { KvType } from "@/lib/schema/plans/kv-type";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { bytesToMib } from "@/lib/units/bytes";
import type { BenchOptions } from "./bench-options";
import {
  type BenchCase,
  benchConfig,
  confirmedPlan,
  type DryRunParts,
  EXACT_BYTES,
  type Family,
  fitsWithLess,
  gpuBytes,
  loadConfigured,
  placedCases,
  placedShapes,
  roomyCard,
  startDryRunEngine,
  withFamilies,
} from "./measure/dry-run-engine";
import { printTable } from "./measure/print-table";

const BUDGETS = 12;

interface PlacementRow {
  readonly family: string;
  readonly contextTokens: number;
  readonly kvType: KvType;
  readonly budgetBytes: number;
  readonly chosen: Placement;
  readonly predictedBytes: number;
  readonly realBytes: number;
  /** The fastest placement that fits here and, as the planner promises, at smaller contexts too; found by trying all of them. */
  readonly best: Placement;
  /** How much slower the plan is than that one, as predicted. */
  readonly regret: number;
  readonly dryRuns: number;
}

/** One card in this process, two in another: the devices are chosen before llama.cpp starts. `-- placement cards` does only the second. */
export async function benchPlacement({ json, args }: BenchOptions) {
  if (args.includes("cards")) return (await import("./placement-cards")).benchPlacementCards(json, args);
  await benchOneCard(json, args);
  const both = [process.argv[1] ?? "", "placement", "cards", ...args, ...(json ? ["--json"] : [])];
  const env = { ...process.env, GGML_VK_VISIBLE_DEVICES: "0,0" };
  const { status } = spawnSync(process.execPath, both, { stdio: "inherit", env });
  if (status !== 0) throw new Error("The benchmark of two cards did not end well: see above.");
}

/**
 * Plans experts in RAM for a grid of budgets, loads each plan, and compares it with brute force over all placements: predicted
 * memory with the real load's, and predicted speed with that of the best placement that fits.
 */
async function benchOneCard(json: boolean, args: readonly string[]): Promise<void> {
  const engine = await startDryRunEngine("0");
  const { placement, devices } = engine.backend.info;
  if (placement.kind === "missing") throw new Error(placement.reason);
  const rows: PlacementRow[] = [];
  await withFamilies(engine, placedShapes, args, async family => {
    for (const at of placedCases) rows.push(...(await comparePlans(engine, family, at)));
  });
  if (json) console.log(JSON.stringify({ devices, rows, summary: summaryOf(rows) }));
  else print(devices, rows);
}

async function comparePlans(engine: DryRunParts, family: Family, at: BenchCase): Promise<PlacementRow[]> {
  const { template, settings } = benchConfig(family.modelPath, at);
  const all: { readonly placement: Placement; readonly needBytes: number }[] = [];
  for (const placement of placementsOf(family.surface)) {
    const buffers = await family.dryRun({ ...template, ...placement }).catch(() => null);
    if (buffers === null) return [];
    all.push({ placement, needBytes: gpuBytes(buffers) });
  }
  const needs = all.map(({ needBytes }) => needBytes);
  const [low, high] = [0.9 * Math.min(...needs), 1.02 * Math.max(...needs)];
  const rows: PlacementRow[] = [];
  for (let step = 0; step < BUDGETS; step++) {
    const budgetBytes = Math.round(low + ((high - low) * step) / (BUDGETS - 1));
    const card = cardOf(budgetBytes);
    const secondsOf = decodeSeconds(family.surface, card, at);
    const fitting = all.filter(({ needBytes }) => needBytes <= budgetBytes).map(({ placement }) => placement);
    const fastestFirst = fitting.toSorted((one, other) => secondsOf(one) - secondsOf(other));
    const { surface, chosen, dryRuns } = await confirmedPlan(family, settings, template, card);
    let best: Placement = chosen;
    for (const placement of fastestFirst) {
      if (secondsOf(placement) >= secondsOf(chosen) && chosen.gpuLayers > 0) break;
      best = placement;
      if (await fitsWithLess(family, { ...template, ...placement }, budgetBytes)) break;
      best = chosen;
    }
    const predicted = memoryNeed(surface, { ...chosen, ...at }).gpu;
    rows.push({
      family: family.name,
      ...at,
      budgetBytes,
      chosen,
      predictedBytes: chosen.gpuLayers === 0 ? 0 : predicted.totalBytes,
      realBytes: chosen.gpuLayers === 0 ? 0 : await loadedBytes(engine, { ...template, ...chosen }),
      best,
      regret:
        best.gpuLayers === 0 || best === chosen
          ? 0
          : chosen.gpuLayers === 0
            ? 1
            : secondsOf(chosen) / secondsOf(best) - 1,
      dryRuns,
    });
  }
  return rows;
}

/** Every number of layers with every number of blocks whose experts are in RAM, the last of them wholly or in part. */
function placementsOf(surface: MemorySurface): Placement[] {
  const { blocks } = surface.model;
  const placements: Placement[] = [];
  for (let gpuLayers = 1; gpuLayers <= blocks + 1; gpuLayers++) {
    for (const { bytes, ...experts } of expertSteps(surface))
      if (bytes === 0 || experts.expertBlocksInRam > firstGpuBlock(blocks, gpuLayers))
        placements.push(placementOf({ gpuLayers, ...experts }));
  }
  return placements;
}

const loadedBytes = async (engine: DryRunParts, config: LoadConfig): Promise<number> =>
  gpuBytes((await loadConfigured(engine, config)).buffers);

const cardOf = (totalBytes: number): GpuMemory => roomyCard("GeForce RTX 3070", totalBytes);

const summaryOf = (rows: readonly PlacementRow[]) => ({
  configurations: rows.length,
  withExpertsInRam: rows.filter(({ chosen }) => (chosen.expertBlocksInRam ?? 0) > 0).length,
  withPartOfABlock: rows.filter(({ chosen }) => chosen.borderExpertsOnGpu !== undefined).length,
  exact: rows.filter(({ predictedBytes, realBytes }) => Math.abs(predictedBytes - realBytes) <= EXACT_BYTES).length,
  overBudget: rows.filter(({ realBytes, budgetBytes }) => realBytes > budgetBytes).length,
  slowerThanBest: rows.filter(({ regret }) => regret > 1e-9).length,
  worstRegret: Math.max(...rows.map(({ regret }) => regret)),
  dryRunsPerPlan: rows.reduce((sum, { dryRuns }) => sum + dryRuns, 0) / rows.length,
});

function print(devices: readonly string[], rows: readonly PlacementRow[]): void {
  const words = ({ gpuLayers, expertBlocksInRam = 0, borderExpertsOnGpu }: Placement) =>
    `${gpuLayers} / ${expertBlocksInRam}${borderExpertsOnGpu === undefined ? "" : ` without ${borderExpertsOnGpu}`}`;
  const mib = (bytes: number) => bytesToMib(bytes).toFixed(2);
  console.log(`Placements on ${devices.join(", ")}: GPU layers / blocks with experts in RAM`);
  printTable(
    ["family", "context", "KV", "budget", "plan", "best", "regret", "predicted", "real", "off"],
    rows.map(row => [
      row.family,
      String(row.contextTokens),
      row.kvType,
      mib(row.budgetBytes),
      words(row.chosen),
      words(row.best),
      `${(100 * row.regret).toFixed(2)} %`,
      mib(row.predictedBytes),
      mib(row.realBytes),
      mib(row.predictedBytes - row.realBytes),
    ]),
  );
  console.log(JSON.stringify(summaryOf(rows), null, 2));
}
