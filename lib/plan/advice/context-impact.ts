import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { isMixed, type KvType, type PerKvType, perKvType } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { budgetBytes } from "../cards/budget";
import { cpuOnlyNeed } from "../memory/cpu-only-memory";
import type { ExpertPlacement } from "../memory/expert-placement";
import { kvBytesOfLayer, memoryNeed, type Placement } from "../memory/memory-need";
import { simplePlanOf } from "../memory/simple-formula";
import { kvTypeRefusal, usableKvTypes } from "../memory/usable-kv-types";
import { choosePlacement } from "../placement/choose-placement";
import { ON_CPU } from "../placement/expert-ladder";
import { largestFullContexts, longestSearched } from "../placement/largest-context";
import { surfaceFor } from "../placement/sequences";

export interface ContextCurve {
  /** GPU bytes with all layers on the GPU and the plan's experts in RAM, without overhead, as in the budget. System memory when there is no GPU. One entry for each of `contexts`. */
  readonly fullNeedBytes: readonly number[];
  /** Layers that fit at each of `contexts`; 0 without a GPU. */
  readonly gpuLayers: readonly number[];
}

export interface ContextRow {
  readonly contextTokens: number;
  /** KV cache of the widest layer: what one more layer of it costs. */
  readonly kvPerLayerBytes: PerKvType<number>;
  readonly gpuLayers: PerKvType<number>;
  /** The simple formula's number of blocks on the GPU; null without a card. */
  readonly simpleLayers: number | null;
}

export interface ContextImpact {
  readonly contexts: readonly number[];
  /** Answers at once that every figure counts. "auto" counts one, because it adds others only where no layer is lost for them. */
  readonly sequences: number;
  /** The KV types that this model supports with one type for K and V, and the chosen one if that is mixed. */
  readonly kvTypes: readonly KvType[];
  readonly perKvType: PerKvType<ContextCurve>;
  /** The part of every `fullNeedBytes` that is weights. */
  readonly weightsBytes: number;
  /** Which experts all curves count in RAM. */
  readonly experts: ExpertPlacement;
  /** The largest of the chart's contexts with all layers on the GPU; null when they never fit. */
  readonly fullStopsAtTokens: PerKvType<number | null>;
  /** What the model was trained for; 0 where its header does not say. */
  readonly trainedTokens: number;
  readonly budgetBytes: number;
  /** 2,048 to 32,768 tokens, with the simple formula's figures for comparison. */
  readonly rows: readonly ContextRow[];
}

const TABLE_CONTEXTS = [2048, 4096, 8192, 16_384, 32_768] as const;
const FIRST_CHART_TOKENS = 1024;

/**
 * Powers of two and the points halfway between them, up to the trained or the requested context, whichever is larger: about a
 * dozen points, evenly spread on a log axis. The requested context is one of them, so the chart's figures there are the plan's own.
 */
function chartContexts(surface: MemorySurface, contextTokens: number): number[] {
  const last = Math.max(longestSearched(surface, contextTokens), 2 * FIRST_CHART_TOKENS);
  const contexts = new Set([last, contextTokens]);
  for (let tokens = FIRST_CHART_TOKENS; tokens < last; tokens *= 2) {
    contexts.add(tokens);
    if (tokens * 1.5 < last) contexts.add(tokens * 1.5);
  }
  return [...contexts].sort((a, b) => a - b);
}

/** What the context costs on this card, or in system memory without a card: curves for the chart, and a table that compares with the simple formula. */
export function contextImpact(asked: MemorySurface, gpu: GpuMemory | null, settings: PlanSettings): ContextImpact {
  const surface = surfaceFor(asked, settings);
  const budget = gpu === null ? 0 : budgetBytes(gpu, settings.TARGET_VRAM_USAGE);
  const contexts = chartContexts(surface, settings.N_CTX);
  const automatic = { ...settings, LAYERS: "auto" as const };
  const ofTypes = <Value>(make: (kvType: KvType) => Value) => perKvType(settings.KV_CACHE_QUANT, make);
  const full: Placement =
    gpu === null ? ON_CPU : { ...choosePlacement(surface, gpu, settings), gpuLayers: surface.model.blocks + 1 };
  const layersAt = (contextTokens: number, kvType: KvType) =>
    gpu === null
      ? 0
      : choosePlacement(surface, gpu, { ...automatic, N_CTX: contextTokens, KV_CACHE_QUANT: kvType }).gpuLayers;
  const needAt = (contextTokens: number, kvType: KvType) =>
    gpu === null
      ? cpuOnlyNeed(surface, { contextTokens, kvType })
      : memoryNeed(surface, { ...full, contextTokens, kvType }).gpu;
  const curve = (kvType: KvType): ContextCurve => ({
    fullNeedBytes: contexts.map(contextTokens => needAt(contextTokens, kvType).totalBytes),
    gpuLayers: contexts.map(contextTokens => layersAt(contextTokens, kvType)),
  });
  return {
    contexts,
    sequences: surface.sequences,
    kvTypes: shownKvTypes(surface, settings),
    perKvType: ofTypes(curve),
    weightsBytes: needAt(settings.N_CTX, settings.KV_CACHE_QUANT).weightsBytes,
    experts: full,
    fullStopsAtTokens:
      gpu === null ? ofTypes(() => null) : largestFullContexts(surface, gpu, settings, contexts.at(-1) ?? 0),
    trainedTokens: surface.model.trainContextTokens,
    budgetBytes: budget,
    rows: TABLE_CONTEXTS.map(contextTokens => ({
      contextTokens,
      kvPerLayerBytes: ofTypes(kvType => widestKvBytes(surface, contextTokens, kvType)),
      gpuLayers: ofTypes(kvType => layersAt(contextTokens, kvType)),
      simpleLayers:
        gpu === null ? null : simplePlanOf(surface.model, gpu, { ...settings, N_CTX: contextTokens }).layers,
    })),
  };
}

function shownKvTypes(surface: MemorySurface, { KV_CACHE_QUANT, FLASH_ATTENTION }: PlanSettings): readonly KvType[] {
  const usable = usableKvTypes(surface, FLASH_ATTENTION);
  const isShown = isMixed(KV_CACHE_QUANT) && kvTypeRefusal(surface, KV_CACHE_QUANT, FLASH_ATTENTION) === null;
  return isShown ? [...usable, KV_CACHE_QUANT] : usable;
}

const widestKvBytes = (surface: MemorySurface, contextTokens: number, kvType: KvType): number =>
  surface.layers.reduce(
    (widest, layer) => Math.max(widest, kvBytesOfLayer(layer, { contextTokens, kvType }, surface)),
    0,
  );
