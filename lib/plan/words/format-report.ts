import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { isMixed, type KvType, kvElementTypes, ofKvType } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { formatGib, formatMib } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";
import { contextImpact } from "../advice/context-impact";
import { planUsers } from "../advice/plan-users";
import type { RamRemedy } from "../advice/ram-remedies";
import { compareWithSimple } from "../advice/simple-comparison";
import { planOverflowBytes } from "../cards/budget";
import type { LayerPlan, PlannedLayer } from "../cards/layer-plan";
import { usableKvTypes } from "../memory/usable-kv-types";
import { planLayers } from "../placement/plan-layers";
import { type RamPlan, ramWarnings } from "../placement/plan-ram";
import { insteadWords, speedLines } from "../speed/speed-words";
import { explainPlan, type PlanExplanation } from "./explain-plan";
import { expertsInWords } from "./placement-words";
import type { PlanReportInput } from "./plan-report";

const BAR_CELLS = 60;

/** The plan as text: memory now, the cost of a layer, the plan with a bar, alternatives and, on request, the simple formula. */
export function formatReport(input: PlanReportInput): string {
  const plan = planLayers(input.surface, input.gpu, input.settings);
  const explanation = explainPlan(input.surface, input.gpu, input.settings, plan, input.computer);
  const sections = [
    titleLines(input, plan),
    input.gpu === null ? [] : memoryLines(input.gpu, input, plan),
    layerLines(plan),
    planLines(input, plan, explanation.sentence),
    explanation.speed === null ? [] : ["Speed", ...columns(speedLines(explanation.speed, plan.contextTokens))],
    input.gpu === null
      ? []
      : alternativeLines(
          explanation,
          plan,
          input.surface,
          shownTypes(usableKvTypes(input.surface, input.settings.FLASH_ATTENTION), plan.kvType),
        ),
    input.users == null || input.gpu === null ? [] : usersLines(input, input.gpu, input.users),
    input.simple && input.gpu !== null ? simpleLines(input, input.gpu, plan) : [],
    explanation.ram === null ? [] : ramLines(explanation.ram, explanation.ramRemedies),
    plan.warnings.filter(({ code }) => code !== "no-gpu").map(warning => `! ${warning.message}`),
  ];
  return sections
    .filter(lines => lines.length > 0)
    .map(lines => lines.join("\n"))
    .join("\n\n");
}

function titleLines({ surface, gpu }: PlanReportInput, plan: LayerPlan): string[] {
  const { name, architecture, quantization, blocks, fileBytes } = surface.model;
  return [
    `${name} · ${architecture} · ${quantization} · ${blocks} blocks · ${formatGib(fileBytes)}`,
    gpu === null ? "No GPU" : `${gpu.name} · ${gpu.backend}${gpu.source === "assumed" ? " · assumed card" : ""}`,
    ...(plan.computeSource === "estimated" ? ["compute buffer: estimated"] : []),
  ];
}

function memoryLines(gpu: GpuMemory, { settings }: PlanReportInput, plan: LayerPlan): string[] {
  const { bytes, source, samples, spreadBytes } = gpu.overhead;
  const learned = `learned from ${samples} ${samples === 1 ? "load" : "loads"}, spread ${formatMib(spreadBytes)}`;
  return [
    `Memory now (${gpu.source})`,
    ...columns([
      ["total", formatMib(gpu.totalBytes)],
      ["used by others", formatMib(gpu.usedByOthersBytes)],
      ["held by Headroom", formatMib(gpu.heldByEngineBytes)],
      ["free", formatMib(gpu.freeBytes)],
      [
        `target ${Number((settings.TARGET_VRAM_USAGE * 100).toFixed(1))} %`,
        formatMib(settings.TARGET_VRAM_USAGE * gpu.totalBytes),
      ],
      ["overhead", formatMib(bytes), source === "learned" ? learned : "cautious until a load was measured"],
      ["budget", formatMib(plan.budgetBytes), "for weights, KV cache and compute"],
    ]),
  ];
}

const span = (bytes: readonly number[]): string => {
  const least = Math.min(...bytes);
  const most = Math.max(...bytes);
  return least === most ? formatMib(most) : `${formatMib(least)} to ${formatMib(most)}`;
};

function layerLines(plan: LayerPlan): string[] {
  const of = (role: PlannedLayer["role"]) => plan.perLayer.filter(layer => layer.role === role);
  const blocks = of("block");
  const weights = (role: PlannedLayer["role"]) => span(of(role).map(layer => layer.weightsBytes));
  return [
    `A layer at ${formatTokens(plan.contextTokens)} tokens, ${plan.kvType}`,
    ...columns([
      [`weights, ${blocks.length} blocks`, weights("block")],
      ["KV cache of a block", span(blocks.map(block => block.kvBytes))],
      ["weights, output layer", weights("output")],
      ["token embedding", weights("embedding"), "always in system memory"],
    ]),
  ];
}

function planLines({ gpu, settings }: PlanReportInput, plan: LayerPlan, sentence: string): string[] {
  const row = (label: string, parts: LayerPlan["predicted"]): string[] => [
    label,
    formatMib(parts.weightsBytes),
    formatMib(parts.kvBytes),
    formatMib(parts.computeBytes),
    formatMib(parts.overheadBytes),
    formatMib(parts.totalBytes),
  ];
  return [
    "Plan",
    `  ${sentence}`,
    ...columns([
      ["", "weights", "KV cache", "compute", "overhead", "total"],
      ...(gpu === null ? [] : [row("GPU", plan.predicted)]),
      ...plan.cards.map(card => row(`  card ${card.position}, ${card.layers} layers`, card.predicted)),
      row("CPU", plan.ram),
    ]),
    ...(gpu === null ? [] : barLines(gpu, settings.TARGET_VRAM_USAGE, plan)),
  ];
}

/** A bar of the card: each character stands for an equal share of its memory, and a mark between two characters shows the target. */
function barLines(gpu: GpuMemory, target: number, plan: LayerPlan): string[] {
  const { weightsBytes, kvBytes, computeBytes, overheadBytes } = plan.predicted;
  const parts: [string, number][] = [
    ["/", gpu.usedByOthersBytes],
    ["W", weightsBytes],
    ["K", kvBytes],
    ["C", computeBytes],
    ["o", overheadBytes],
  ];
  let end = 0;
  let bar = "";
  for (const [mark, bytes] of parts) {
    end += bytes;
    const cells = Math.min(BAR_CELLS, Math.round((end / Math.max(1, gpu.totalBytes)) * BAR_CELLS));
    bar += mark.repeat(Math.max(0, cells - bar.length));
  }
  const full = bar.padEnd(BAR_CELLS, ".");
  const excess = planOverflowBytes(gpu, plan);
  const targetCell = Math.round(target * BAR_CELLS);
  return [
    `  [${full.slice(0, targetCell)}|${full.slice(targetCell)}] ${formatGib(gpu.totalBytes)}${excess > 0 ? `, ${formatGib(excess)} too much` : ""}`,
    "  / others  W weights  K KV cache  C compute  o overhead  . free  | target",
  ];
}

function alternativeLines(
  { counterfactuals, largestFullContext, speed }: PlanExplanation,
  plan: LayerPlan,
  surface: MemorySurface,
  usable: readonly KvType[],
): string[] {
  const trainedTokens = surface.model.trainContextTokens;
  const largest = usable.map(kvType => {
    const tokens = ofKvType(largestFullContext, kvType);
    return `${kvType} ${tokens === null ? "never" : formatTokens(tokens)}`;
  });
  const trained = trainedTokens > 0 ? ` (trained for ${formatTokens(trainedTokens)})` : "";
  return [
    "Alternatives",
    ...columns(
      counterfactuals.map(({ label, gpuLayers, gainLayers, full, decode, ...experts }) => [
        label,
        full ? `all ${gpuLayers}` : `${gpuLayers} of ${plan.totalLayers}${expertsInWords(experts)}`,
        gainLayers < 0 ? String(gainLayers) : `+${gainLayers}`,
        ...(decode === null || speed === null ? [] : [insteadWords(decode, speed.decodeEmpty)]),
      ]),
    ),
    `  largest context with all layers on the GPU: ${largest.join(", ")}${trained}`,
  ];
}

function usersLines({ surface, settings }: PlanReportInput, gpu: GpuMemory, users: number): string[] {
  const need = planUsers(surface, gpu, settings, users);
  const cards = (count: number | null) =>
    count === null ? "none is enough: the compute buffer alone fills a card" : String(count);
  return [
    `${users} ${users === 1 ? "user" : "users"} at once, each with ${formatTokens(settings.N_CTX)} tokens of context, all on cards like this one`,
    ...columns([
      ["weights of the model", formatMib(need.weightsBytes)],
      ["KV cache of a user", formatMib(need.kvBytesPerUser)],
      ["compute buffer of a card", formatMib(need.computeBytesPerCard)],
      ["room on a card for the rest", formatMib(need.usableBytesPerCard)],
    ]),
    ...columns([
      ["users on one card", String(need.usersOnOneCard)],
      ["cards for the model and one user", cards(need.cardsForTheModel)],
      [`cards for ${users}`, cards(need.cardsForAllUsers)],
    ]),
  ];
}

function simpleLines({ surface, settings }: PlanReportInput, gpu: GpuMemory, plan: LayerPlan): string[] {
  const { simple, differences, proseNote } = compareWithSimple(surface, gpu, settings, plan);
  const { rows } = contextImpact(surface, gpu, settings);
  const kvTypes = shownTypes(kvElementTypes, settings.KV_CACHE_QUANT);
  const share = (simple.usageShare * 100).toFixed(1);
  return [
    "Simple formula",
    `  ${formatMib(simple.weightsPerLayerBytes)} + ${formatMib(simple.kvPerLayerBytes)} = ${formatMib(simple.perLayerBytes)} a layer: ` +
      `${simple.layers} of ${simple.totalLayers} layers, ${formatMib(simple.usageBytes, 0)}, ${share} % of ${formatMib(gpu.totalBytes, 0)}`,
    ...columns([
      ["", "simple", "exact"],
      ...differences.map(({ part, simpleBytes, exactBytes, why }) => [
        part,
        formatMib(simpleBytes),
        formatMib(exactBytes),
        why,
      ]),
    ]),
    `  ${proseNote}`,
    ...columns([
      ["context", ...kvTypes, "simple"],
      ...rows.map(({ contextTokens, gpuLayers, simpleLayers }) => [
        formatTokens(contextTokens),
        ...kvTypes.map(kvType => String(ofKvType(gpuLayers, kvType))),
        String(simpleLayers),
      ]),
    ]),
  ];
}

function ramLines(ram: RamPlan, remedies: readonly RamRemedy[]): string[] {
  if (ram.outcome === "fits")
    return [
      `System memory: ${formatGib(ram.needBytes)} needed, ${formatGib(ram.availableBytes)} available${ram.sharedWithGpu ? ", shared with the GPU" : ""}`,
    ];
  return [
    ...ramWarnings(ram).map(({ message }) => `! ${message}`),
    ...remedies.map(({ label }) => `  fits with ${label}`),
  ];
}

const shownTypes = (types: readonly KvType[], chosen: KvType): readonly KvType[] =>
  isMixed(chosen) ? [...types, chosen] : types;

const startsLikeNumber = /^[\d+]/;

/** Aligned columns, indented by two spaces: numbers are right-aligned, words left-aligned; the last column is not padded. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const count = Math.max(0, ...rows.map(row => row.length));
  const widths = Array.from({ length: count }, (_, index) => Math.max(...rows.map(row => row[index]?.length ?? 0)));
  const numeric = widths.map((_, index) => {
    const filled = rows.flatMap(row => row[index] || []);
    return index > 0 && 2 * filled.filter(cell => startsLikeNumber.test(cell)).length > filled.length;
  });
  return rows.map(row => {
    const cells = row.map((cell, index) =>
      numeric[index] ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
    );
    return `  ${cells.join("  ")}`.trimEnd();
  });
}
