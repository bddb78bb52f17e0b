import { isNarrower, type KvType, kvElementTypes } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import {
  expertBlocks,
  expertBytesApart,
  gpuComputeBytes,
  kvBytesOfLayer,
  memoryNeed,
  type Placement,
  samePlacement,
} from "./memory-need";
import { usableKvTypes } from "./usable-kv-types";

/**
 * The highest need up to each breakpoint of a surface, for every number of GPU layers.
 * A breakpoint is a context where the need's slope may change: one of a dry run, or one where a sliding window is full. Between two
 * breakpoints the need is linear in the padded context, so its maximum is at a breakpoint or at the context itself.
 */
interface Envelope {
  readonly breakpoints: readonly number[];
  readonly highest: readonly Float64Array[];
}

/** Where the experts of the layers on the GPU are: with their layer, or all of them in RAM. */
export type ExpertPlace = "with-layer" | "ram";

const envelopes = new WeakMap<MemorySurface, Map<string, Envelope>>();

/** GPU bytes of weights, KV cache and compute for k = 0..L+1, as the surface says. */
function gpuNeeds(surface: MemorySurface, contextTokens: number, kvType: KvType, experts: ExpertPlace): Float64Array {
  const at = { contextTokens, kvType };
  const needs = gpuComputeBytes(surface, contextTokens, kvType, experts === "ram");
  let besideBytes = 0;
  let gpuLayers = 1;
  for (const joining of surface.layers.toReversed()) {
    besideBytes += kvBytesOfLayer(joining, at, surface) - (experts === "ram" ? joining.expertBytes : 0);
    needs[gpuLayers] = (needs[gpuLayers] ?? 0) + besideBytes + (surface.gpuWeightsBytes[gpuLayers] ?? 0);
    gpuLayers++;
  }
  return needs;
}

function raiseTo(needs: Float64Array, floor: Float64Array | undefined): void {
  if (floor === undefined) return;
  for (let index = 0; index < needs.length; index++) needs[index] = Math.max(needs[index] ?? 0, floor[index] ?? 0);
}

/** Only KV types that this model supports: the need of an unsupported one means nothing. A mixed one raises no other. */
const narrowerKvTypes = (surface: MemorySurface, kvType: KvType): readonly KvType[] =>
  usableKvTypes(surface).filter(usable => isNarrower(usable, kvType));

/** The need of this KV type, or of a narrower one whose larger compute buffer makes it need more in total. */
function widestNeeds(
  surface: MemorySurface,
  contextTokens: number,
  kvType: KvType,
  experts: ExpertPlace,
): Float64Array {
  const needs = gpuNeeds(surface, contextTokens, kvType, experts);
  for (const narrower of narrowerKvTypes(surface, kvType)) {
    raiseTo(needs, gpuNeeds(surface, contextTokens, narrower, experts));
  }
  return needs;
}

function breakpointsOf(surface: MemorySurface): number[] {
  const contexts = new Set<number>();
  for (const table of [surface.compute, surface.computeExpertsInRam])
    for (const kvType of table === undefined ? [] : kvElementTypes)
      for (const column of table?.[kvType] ?? [])
        for (const point of column.points) contexts.add(padUp(point.contextTokens, CONTEXT_PAD_TOKENS));
  for (const { kv } of surface.layers)
    if (kv.growth === "window") contexts.add(padUp(kv.windowTokens + surface.batchTokens, CONTEXT_PAD_TOKENS));
  return [...contexts].sort((a, b) => a - b);
}

function envelopeOf(surface: MemorySurface, kvType: KvType, experts: ExpertPlace): Envelope {
  const ofSurface = envelopes.get(surface) ?? new Map<string, Envelope>();
  envelopes.set(surface, ofSurface);
  const known = ofSurface.get(`${kvType} ${experts}`);
  if (known !== undefined) return known;
  const breakpoints = breakpointsOf(surface);
  const highest: Float64Array[] = [];
  for (const contextTokens of breakpoints) {
    const needs = widestNeeds(surface, contextTokens, kvType, experts);
    raiseTo(needs, highest.at(-1));
    highest.push(needs);
  }
  const envelope = { breakpoints, highest };
  ofSurface.set(`${kvType} ${experts}`, envelope);
  return envelope;
}

/** Highest needs at breakpoints up to this context; undefined below the first. */
function highestUpTo(
  surface: MemorySurface,
  contextTokens: number,
  kvType: KvType,
  experts: ExpertPlace,
): Float64Array | undefined {
  const { breakpoints, highest } = envelopeOf(surface, kvType, experts);
  const paddedTokens = padUp(contextTokens, CONTEXT_PAD_TOKENS);
  let passed = -1;
  while ((breakpoints[passed + 1] ?? Number.POSITIVE_INFINITY) <= paddedTokens) passed++;
  return highest[passed];
}

/** Placements for which llama.cpp confirmed exactly this context and KV type. */
export function confirmedPlacements(surface: MemorySurface, contextTokens: number, kvType: KvType): Placement[] {
  const cells = padUp(contextTokens, CONTEXT_PAD_TOKENS);
  return (surface.confirmed ?? [])
    .filter(
      point =>
        point.sequences === undefined &&
        point.kvType === kvType &&
        padUp(point.contextTokens, CONTEXT_PAD_TOKENS) === cells,
    )
    .map(({ gpuLayers, expertBlocksInRam = 0, borderExpertsOnGpu, tensorSplit, kvInRam }) => ({
      gpuLayers,
      expertBlocksInRam,
      borderExpertsOnGpu,
      tensorSplit,
      kvInRam,
    }));
}

/** Numbers of layers confirmed with their experts there. */
const confirmedLayers = (surface: MemorySurface, contextTokens: number, kvType: KvType, experts: ExpertPlace) =>
  confirmedPlacements(surface, contextTokens, kvType)
    .filter(({ gpuLayers, ...point }) =>
      samePlacement(
        { gpuLayers, ...point },
        { gpuLayers, expertBlocksInRam: experts === "ram" ? expertBlocks(surface) : 0 },
      ),
    )
    .map(({ gpuLayers }) => gpuLayers);

/**
 * GPU bytes that must fit the budget, for k = 0..L+1.
 *
 * This is `memoryNeed`, raised just enough to keep two promises whatever the samples say: more context never gives more layers,
 * and a narrower KV type never gives fewer. llama.cpp's allocator can need a few MiB less at a larger context, and a few MiB more
 * for a quantized cache. With a few layers of a large model on the GPU, the KV cache outweighs that and nothing is raised.
 * Where llama.cpp confirmed exactly this configuration, its figure is used unchanged, so that no layer is lost to a promise.
 */
export function fitNeeds(
  surface: MemorySurface,
  contextTokens: number,
  kvType: KvType,
  experts: ExpertPlace = "with-layer",
): Float64Array {
  const needs = widestNeeds(surface, contextTokens, kvType, experts);
  raiseTo(needs, highestUpTo(surface, contextTokens, kvType, experts));
  const expertBlocksInRam = experts === "ram" ? expertBlocks(surface) : 0;
  for (const gpuLayers of confirmedLayers(surface, contextTokens, kvType, experts))
    needs[gpuLayers] = memoryNeed(surface, { gpuLayers, expertBlocksInRam, contextTokens, kvType }).gpu.totalBytes;
  return needs;
}

/** `fitNeeds` for one placement, for searches over the context. */
export function fitNeed(surface: MemorySurface, placement: Placement, contextTokens: number, kvType: KvType): number {
  const said = (type: KvType) => memoryNeed(surface, { ...placement, contextTokens, kvType: type }).gpu.totalBytes;
  const isConfirmed = confirmedPlacements(surface, contextTokens, kvType).some(known =>
    samePlacement(known, placement),
  );
  if (isConfirmed) return said(kvType);
  const { gpuLayers, expertBlocksInRam = 0 } = placement;
  const experts = expertBlocksInRam > 0 ? "ram" : "with-layer";
  const everyInRam = { gpuLayers, expertBlocksInRam: expertBlocks(surface) };
  const backBytes =
    experts === "ram" ? expertBytesApart(surface, everyInRam) - expertBytesApart(surface, placement) : 0;
  const highest = (highestUpTo(surface, contextTokens, kvType, experts)?.[gpuLayers] ?? 0) + backBytes;
  return Math.max(highest, said(kvType), ...narrowerKvTypes(surface, kvType).map(said));
}

/**
 * The largest k whose need fits, tested from all layers down. The need is not monotonic at the ends, so a binary search would fail.
 * 0 when nothing fits: then the model runs on the CPU and takes no memory of the card.
 */
export function mostGpuLayers(needs: Float64Array, budgetBytes: number): number {
  for (let gpuLayers = needs.length - 1; gpuLayers > 0; gpuLayers--)
    if ((needs[gpuLayers] ?? Number.POSITIVE_INFINITY) <= budgetBytes) return gpuLayers;
  return 0;
}
