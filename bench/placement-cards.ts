import { cardNeeds } from "@/lib/plan/memory/card-needs";
import { expertSteps } from "@/lib/plan/memory/expert-steps";
import { firstGpuBlock, type Placement, placementOf } from "@/lib/plan/memory/memory-need";
import { decodeSeconds } from "@/lib/plan/speed/speed-parts";
import { placementInWords } from "@/lib/plan/words/placement-words";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { KvType } from "@/lib/schema/plans/kv-type";
import type { LoadConfig } from "@/lib/schema/plans/load-config";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { DeviceBuffers } from "@/lib/schema/plans/placement";
import { bytesToMib } from "@/lib/units/bytes";
import {
  type BenchCase,
  benchConfig,
  confirmedPlan,
  type DryRunParts,
  EXACT_BYTES,
  type Family,
  loadConfigured,
  placedCases,
  placedShapes,
  roomyCard,
  startDryRunEngine,
  withFamilies,
} from "./measure/dry-run-engine";
import { printTable } from "./measure/print-table";

/** The first card's part of what both have. */
const FIRST_SHARES = [0.5, 0.7, 0.25] as const;
/** What both have, as a share of the largest need. */
const TOTAL_SHARES = [0.35, 0.55, 0.75, 0.95, 1.2] as const;
/** Two cards of one kind, and a slow one before a fast one. */
const PAIRS = [
  ["GeForce RTX 3070", "GeForce RTX 3070"],
  ["GeForce RTX 3060", "GeForce RTX 4090"],
] as const;

type Pair = readonly [first: number, second: number];

interface CardsRow {
  readonly family: string;
  readonly contextTokens: number;
  readonly kvType: KvType;
  readonly cards: readonly string[];
  readonly budgets: Pair;
  readonly plan: string;
  readonly best: string;
  readonly isWorse: boolean;
  readonly regret: number;
  readonly predicted: Pair;
  readonly real: Pair;
  readonly usedCards: number;
  readonly dryRuns: number;
}

/**
 * Plans for two cards with even and uneven budgets, loads each plan, and compares it with brute force over every number of layers,
 * every number of blocks with experts in RAM and every split: memory of each card, and the predicted speed of the best that fits.
 */
export async function benchPlacementCards(json: boolean, args: readonly string[]): Promise<void> {
  const engine = await startDryRunEngine("0,0");
  const { placement } = engine.backend.info;
  if (placement.kind === "missing") throw new Error(placement.reason);
  if (placement.cards.length !== 2) throw new Error(`Two devices are needed, and there are ${placement.cards.length}.`);
  const devices = placement.cards.map(({ device }) => device);
  const rows: CardsRow[] = [];
  await withFamilies(engine, placedShapes, args, async family => {
    for (const at of placedCases) rows.push(...(await compareSplits(engine, devices, family, at)));
  });
  if (json) console.log(JSON.stringify({ devices, rows, summary: summaryOf(rows) }));
  else print(devices, rows);
}

async function compareSplits(
  engine: DryRunParts,
  devices: readonly string[],
  family: Family,
  at: BenchCase,
): Promise<CardsRow[]> {
  const { template, settings } = benchConfig(family.modelPath, at);
  const all: { readonly placement: Placement; readonly needs: Pair }[] = [];
  for (const placement of placementsOf(family.surface)) {
    const buffers = await family.dryRun({ ...template, ...placementOf(placement) }).catch(() => null);
    if (buffers === null) return [];
    all.push({ placement, needs: bytesOn(devices, buffers.devices) });
  }
  const largest = Math.max(...all.map(({ needs: [first, second] }) => first + second));
  const rows: CardsRow[] = [];
  for (const [turn, share] of FIRST_SHARES.entries())
    for (const [step, total] of TOTAL_SHARES.entries()) {
      const names = PAIRS[(turn + step) % PAIRS.length] ?? PAIRS[0];
      const budgets: Pair = [Math.round(share * total * largest), Math.round((1 - share) * total * largest)];
      const card = cardsOf(names, budgets);
      const secondsOf = decodeSeconds(family.surface, card, at);
      const better = comparing(family.surface, secondsOf);
      const fitting = all.filter(({ needs }) => needs.every((bytes, index) => bytes <= (budgets[index] ?? 0)));
      const best = fitting.map(({ placement }) => placement).sort(better)[0] ?? { gpuLayers: 0 };
      const { surface, chosen, dryRuns } = await confirmedPlan(family, settings, template, card);
      const isWorse = best.gpuLayers > 0 && (chosen.gpuLayers === 0 || better(chosen, best) > 1e-12);
      const predicted: [number, number] = [0, 0];
      if (chosen.gpuLayers > 0)
        for (const { position, need } of cardNeeds(surface, { ...chosen, ...at }))
          predicted[position] = need.totalBytes;
      rows.push({
        family: family.name,
        ...at,
        cards: names,
        budgets,
        plan: placementInWords(chosen),
        best: placementInWords(best),
        isWorse,
        regret: isWorse ? Math.max(0, secondsOf(chosen) / secondsOf(best) - 1) : 0,
        predicted,
        real:
          chosen.gpuLayers === 0 ? [0, 0] : await loadedOn(engine, devices, { ...template, ...placementOf(chosen) }),
        usedCards: (chosen.tensorSplit ?? []).filter(layers => layers > 0).length,
        dryRuns,
      });
    }
  return rows;
}

/** The planner's own wish, said once more: everything on one card, else more layers of a dense model, else fewer seconds a token. */
function comparing({ layers, model }: MemorySurface, secondsOf: (placement: Placement) => number) {
  const isMixture = layers.some(({ expertBytes }) => expertBytes > 0);
  const isAllOnOne = ({ gpuLayers, expertBlocksInRam = 0, tensorSplit = [] }: Placement) =>
    gpuLayers === model.blocks + 1 && expertBlocksInRam === 0 && tensorSplit.filter(count => count > 0).length === 1;
  return (one: Placement, other: Placement): number =>
    Number(isAllOnOne(other)) - Number(isAllOnOne(one)) ||
    (isMixture ? 0 : other.gpuLayers - one.gpuLayers) ||
    secondsOf(one) - secondsOf(other);
}

/** Every number of layers, with every choice of experts in RAM, in every split over two cards. */
function placementsOf(surface: MemorySurface): Placement[] {
  const { blocks } = surface.model;
  const placements: Placement[] = [];
  for (let gpuLayers = 1; gpuLayers <= blocks + 1; gpuLayers++) {
    for (const { bytes, ...experts } of expertSteps(surface))
      if (bytes === 0 || experts.expertBlocksInRam > firstGpuBlock(blocks, gpuLayers))
        for (let first = 0; first <= gpuLayers; first++)
          placements.push({ gpuLayers, ...experts, tensorSplit: [first, gpuLayers - first] });
  }
  return placements;
}

const bytesOn = (devices: readonly string[], found: readonly DeviceBuffers[] | undefined): Pair => {
  const on = (index: number) => {
    const card = found?.find(({ device }) => device === devices[index]);
    return card === undefined ? 0 : card.weightsBytes + card.kvBytes + card.computeBytes;
  };
  return [on(0), on(1)];
};

const loadedOn = async (engine: DryRunParts, devices: readonly string[], config: LoadConfig): Promise<Pair> =>
  bytesOn(devices, (await loadConfigured(engine, config)).devices);

const cardsOf = (names: readonly string[], budgets: Pair): GpuMemory => ({
  ...roomyCard(`2 cards together: ${names.join(", ")}`, budgets[0] + budgets[1]),
  cards: budgets.map((bytes, position) => ({
    name: names[position] ?? "",
    totalBytes: bytes,
    freeBytes: bytes,
    heldByEngineBytes: 0,
    position,
  })),
});

const isExact = ({ predicted, real }: CardsRow): boolean =>
  predicted.every((bytes, index) => Math.abs(bytes - (real[index] ?? 0)) <= EXACT_BYTES);

const summaryOf = (rows: readonly CardsRow[]) => ({
  configurations: rows.length,
  onBothCards: rows.filter(({ usedCards }) => usedCards === 2).length,
  exactOnEachCard: rows.filter(isExact).length,
  overBudgetOnACard: rows.filter(({ real, budgets }) => real.some((bytes, index) => bytes > (budgets[index] ?? 0)))
    .length,
  worseThanBest: rows.filter(({ isWorse }) => isWorse).length,
  worstRegret: Math.max(...rows.map(({ regret }) => regret)),
  dryRunsPerPlan: rows.reduce((sum, { dryRuns }) => sum + dryRuns, 0) / rows.length,
});

function print(devices: readonly string[], rows: readonly CardsRow[]): void {
  const pair = (bytes: Pair) => bytes.map(one => bytesToMib(one).toFixed(2)).join(" + ");
  console.log(`Placements on two cards: ${devices.join(", ")}`);
  printTable(
    ["family", "context", "KV", "cards", "budgets", "plan", "best", "predicted", "real"],
    rows.map(row => [
      row.family,
      String(row.contextTokens),
      row.kvType,
      row.cards[0] === row.cards[1] ? "alike" : "slow, fast",
      pair(row.budgets),
      row.plan,
      row.isWorse ? row.best : "the same",
      pair(row.predicted),
      pair(row.real),
    ]),
  );
  console.log(JSON.stringify(summaryOf(rows), null, 2));
}
