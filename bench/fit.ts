import { parseGguf } from "@/lib/gguf/parse-gguf";
import type { BlockProfile, ModelProfile } from "@/lib/gguf/profile/model-profile";
import { expertMatrixOf } from "@/lib/gguf/profile/place-tensors";
import { modelShape, shapeFile } from "@/lib/gguf/testing/model-shapes";
import { firstGpuBlock, type Placement } from "@/lib/plan/memory/memory-need";
import { cardFigures } from "@/lib/plan/speed/card-figures";
import { decodeSeconds } from "@/lib/plan/speed/speed-parts";
import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { KvElementType } from "@/lib/schema/plans/kv-type";
import { bytesToMib } from "@/lib/units/bytes";
import type { BenchOptions } from "./bench-options";
import {
  BATCH_TOKENS,
  benchConfig,
  confirmedPlan,
  type Family,
  fitsWithLess,
  gpuBytes,
  RAM_BYTES_PER_SECOND,
  roomyCard,
  startDryRunEngine,
  withFamilies,
} from "./measure/dry-run-engine";
import { compileLlamaFit, type Fitted } from "./measure/llama-fit";
import { printTable } from "./measure/print-table";

/**
 * Dense, and mixtures of experts of several kinds; four of them in the size that people run. gpt-oss 20B and DeepSeek V2 Lite have expert
 * tensors above 128 MiB: Mesa's software device holds none of that size, so that these stay in RAM for both sides.
 */
const SHAPES = [
  "small-llama-3",
  "llama-3.1-8b",
  "small-qwen3-moe",
  "qwen3-30b-a3b",
  "small-gpt-oss",
  "gpt-oss-20b",
  "small-deepseek-2",
  "deepseek-v2-lite",
  "small-qwen3-next",
] as const;
const CASES: readonly { readonly contextTokens: number; readonly kvType: KvElementType; readonly ggmlType: number }[] =
  [
    { contextTokens: 4096, kvType: "f16", ggmlType: 1 },
    { contextTokens: 16_384, kvType: "q8_0", ggmlType: 8 },
  ];
/** Shares of what the whole model needs. */
const BUDGETS = [0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1] as const;

const CARD = "GeForce RTX 3070";
const CARD_BYTES_PER_SECOND = cardFigures(CARD)?.bytesPerSecond ?? 0;

interface FitCase {
  readonly name: string;
  readonly at: (typeof CASES)[number];
  /** Whether the device holds a tensor of this size. Others are in RAM wherever their layer is. */
  readonly holds: (tensor: Tensor) => boolean;
}

interface Side {
  /** "20 / 12": GPU layers, and blocks on the GPU that have experts in RAM, wholly or in part. */
  readonly words: string;
  readonly usedBytes: number;
  /** Predicted by our own model of speed, with a full context. */
  readonly tokensPerSecond: number;
}

interface FitRow {
  readonly family: string;
  readonly contextTokens: number;
  readonly kvType: KvElementType;
  readonly budgetBytes: number;
  readonly ours: Side;
  /** Null if llama.cpp finds nothing that fits. */
  readonly theirs: Side | null;
  /** Whole layers of llama.cpp's that need more than the budget at a smaller context: the planner promises not to place these. */
  readonly breaksPromise: boolean;
  /** That confirmed the plan. */
  readonly dryRuns: number;
}

/**
 * Plans the same models for the same budgets as llama.cpp's own `--fit` of the same release: what each places, the memory that each
 * leaves idle by llama.cpp's dry run, and the speed that our model predicts for both placements.
 */
export async function benchFit({ json, args }: BenchOptions): Promise<void> {
  const engine = await startDryRunEngine("0");
  const { placement, devices } = engine.backend.info;
  const { largestTensorBytes } = await import("@/lib/engine/backend/tensor-limit");
  if (placement.kind === "missing") throw new Error(placement.reason);
  const rows: FitRow[] = [];
  const holds = ({ bytes }: Tensor) => bytes <= largestTensorBytes(engine.backend.info);
  let llamaFit: ReturnType<typeof compileLlamaFit> | null = null;
  await withFamilies(engine, SHAPES.map(modelShape), args, async (family, { id }, folder) => {
    llamaFit ??= compileLlamaFit(folder);
    for (const at of CASES) rows.push(...(await sideBySide(family, profileOf(id), { name: id, at, holds }, llamaFit)));
  });
  if (json) console.log(JSON.stringify({ devices, rows, summary: summaryOf(rows) }));
  else print(devices, rows);
}

function profileOf(id: string): ModelProfile {
  const { header, fileBytes } = shapeFile(modelShape(id));
  const parsed = parseGguf(header, fileBytes);
  if (parsed.kind !== "profile") throw new Error(`${id} has no whole header.`);
  return parsed.profile;
}

async function sideBySide(
  family: Family,
  profile: ModelProfile,
  { name, at, holds }: FitCase,
  llamaFit: ReturnType<typeof compileLlamaFit>,
): Promise<FitRow[]> {
  const { contextTokens, kvType } = at;
  const { template, settings } = benchConfig(family.modelPath, at);
  const whole = gpuBytes(await family.dryRun({ ...template, gpuLayers: profile.blocks + 1 }));
  const budgets = BUDGETS.map(share => Math.ceil(share * whole));
  const fitted = llamaFit({ modelPath: family.modelPath, batchTokens: BATCH_TOKENS, ...at, budgets });
  const rows: FitRow[] = [];
  for (const [index, budgetBytes] of budgets.entries()) {
    const card = cardOf(budgetBytes);
    const secondsOf = decodeSeconds(family.surface, card, at);
    const { chosen, dryRuns } = await confirmedPlan(family, settings, template, card);
    const ours: Side = {
      words: `${chosen.gpuLayers} / ${blocksApart(chosen, profile)}`,
      usedBytes: chosen.gpuLayers === 0 ? 0 : gpuBytes(await family.dryRun({ ...template, ...chosen })),
      tokensPerSecond: 1 / secondsOf(chosen),
    };
    const fit = fitted[index];
    const theirs = fit?.found ? sideOf(fit, profile, holds, secondsOf) : null;
    const row = { family: name, contextTokens, kvType, budgetBytes, ours, theirs, breaksPromise: false, dryRuns };
    const isBehind = (ahead(row) ?? 0) < -EQUAL && fit?.inRam.length === 0;
    const fitsAlways =
      !isBehind || (await fitsWithLess(family, { ...template, gpuLayers: fit.gpuLayers }, budgetBytes));
    rows.push({ ...row, breaksPromise: !fitsAlways });
  }
  return rows;
}

const blocksApart = ({ gpuLayers, expertBlocksInRam = 0 }: Placement, { blocks }: ModelProfile): number =>
  Math.max(0, expertBlocksInRam - firstGpuBlock(blocks, gpuLayers));

/**
 * llama.cpp's fit may leave any tensors of any blocks in RAM. A block's cost for that is what the experts of this block cost if all are
 * apart: a fixed part, and one for the bytes of them that a token reads; dense tensors count with all their bytes.
 */
function sideOf(
  fit: Fitted,
  profile: ModelProfile,
  holds: FitCase["holds"],
  secondsOf: (placement: Placement) => number,
): Side {
  const { gpuLayers } = fit;
  const first = firstGpuBlock(profile.blocks, gpuLayers);
  const patterns = fit.inRam.map(pattern => new RegExp(pattern));
  const slowerPerByte = 1 / RAM_BYTES_PER_SECOND - 1 / CARD_BYTES_PER_SECOND;
  const activeShare = profile.experts === 0 ? 1 : profile.expertsUsed / profile.experts;
  let seconds = secondsOf({ gpuLayers });
  let apart = 0;
  for (const block of profile.blocksProfile.slice(first)) {
    const held = block.tensors.filter(holds);
    const moved = held.filter(({ name }) => patterns.some(pattern => pattern.test(name)));
    if (moved.length === 0) continue;
    apart++;
    const { index } = block;
    const own = { gpuLayers, expertBlocksInRam: index + 1 };
    const allApart = secondsOf(own) - secondsOf({ gpuLayers, expertBlocksInRam: index });
    const fixed = allApart - sum(held.filter(isExpert)) * activeShare * slowerPerByte;
    const movedBytes = sum(moved.filter(isExpert)) * activeShare + sum(moved.filter(tensor => !isExpert(tensor)));
    seconds += fixed + movedBytes * slowerPerByte;
  }
  return { words: `${gpuLayers} / ${apart}`, usedBytes: fit.gpuBytes, tokensPerSecond: 1 / seconds };
}

type Tensor = BlockProfile["tensors"][number];
const isExpert = ({ name }: Tensor): boolean => expertMatrixOf(name) !== undefined;
const sum = (tensors: readonly Tensor[]): number => tensors.reduce((total, { bytes }) => total + bytes, 0);

const cardOf = (totalBytes: number): GpuMemory => roomyCard(CARD, totalBytes);

/** How much faster the plan is than llama.cpp's fit, as predicted; null if that finds nothing, or uses more than the budget. */
function ahead({ ours, theirs, budgetBytes, breaksPromise }: FitRow): number | null {
  return theirs === null || theirs.usedBytes > budgetBytes || breaksPromise
    ? null
    : ours.tokensPerSecond / theirs.tokensPerSecond - 1;
}

/** Rounding of seconds that were summed in another order. */
const EQUAL = 1e-9;

function summaryOf(rows: readonly FitRow[]) {
  const compared = rows.flatMap(row => ahead(row) ?? []);
  return {
    configurations: rows.length,
    compared: compared.length,
    theirsOverBudget: rows.filter(({ theirs, budgetBytes }) => theirs !== null && theirs.usedBytes > budgetBytes)
      .length,
    theirsNothing: rows.filter(({ theirs }) => theirs === null).length,
    breaksPromise: rows.filter(({ breaksPromise }) => breaksPromise).length,
    oursOverBudget: rows.filter(({ ours, budgetBytes }) => ours.usedBytes > budgetBytes).length,
    oursFaster: compared.filter(share => share > EQUAL).length,
    oursSlower: compared.filter(share => share < -EQUAL).length,
    dryRunsPerPlan: rows.reduce((total, { dryRuns }) => total + dryRuns, 0) / rows.length,
    leastAhead: Math.min(...compared),
    meanAhead: compared.reduce((total, share) => total + share, 0) / compared.length,
    mostAhead: Math.max(...compared),
  };
}

function print(devices: readonly string[], rows: readonly FitRow[]): void {
  const mib = (bytes: number) => bytesToMib(bytes).toFixed(1);
  const side = (of: Side | null, budgetBytes: number) =>
    of === null ? ["–", "–", "–"] : [of.words, mib(budgetBytes - of.usedBytes), of.tokensPerSecond.toFixed(1)];
  console.log(
    `Headroom beside llama.cpp's fit on ${devices.join(", ")}: GPU layers / blocks with experts in RAM, MiB left idle, tokens/s`,
  );
  printTable(
    ["model", "context", "KV", "budget", "plan", "idle", "speed", "fit", "idle", "speed", "ahead"],
    rows.map(row => {
      const share = ahead(row);
      return [
        row.family,
        String(row.contextTokens),
        row.kvType,
        mib(row.budgetBytes),
        ...side(row.ours, row.budgetBytes),
        ...side(row.theirs, row.budgetBytes),
        share === null ? "–" : `${(100 * share).toFixed(1)} %`,
      ];
    }),
  );
  console.log(JSON.stringify(summaryOf(rows), null, 2));
}
