import { type KvType, kvTypes } from "@/lib/schema/kv-type";
import type { MemorySurface } from "@/lib/schema/memory-surface";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import { gpuComputeBytes, kvBytesOfLayer, memoryNeed } from "./memory-need";
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

const envelopes = new WeakMap<MemorySurface, Map<KvType, Envelope>>();

/** GPU bytes of weights, KV cache and compute for k = 0..L+1, as the surface says. */
function gpuNeeds(surface: MemorySurface, contextTokens: number, kvType: KvType): Float64Array {
  const at = { contextTokens, kvType };
  const needs = gpuComputeBytes(surface, contextTokens, kvType);
  let kvBytes = 0;
  let gpuLayers = 1;
  for (const joining of surface.layers.toReversed()) {
    kvBytes += kvBytesOfLayer(joining, at, surface);
    needs[gpuLayers] = (needs[gpuLayers] ?? 0) + kvBytes + (surface.gpuWeightsBytes[gpuLayers] ?? 0);
    gpuLayers++;
  }
  return needs;
}

function raiseTo(needs: Float64Array, floor: Float64Array | undefined): void {
  if (floor === undefined) return;
  for (let index = 0; index < needs.length; index++) needs[index] = Math.max(needs[index] ?? 0, floor[index] ?? 0);
}

/** Only KV types that this model supports: the need of an unsupported one means nothing. */
const narrowerKvTypes = (surface: MemorySurface, kvType: KvType): readonly KvType[] =>
  usableKvTypes(surface).filter(usable => kvTypes.indexOf(usable) > kvTypes.indexOf(kvType));

/** The need of this KV type, or of a narrower one whose larger compute buffer makes it need more in total. */
function widestNeeds(surface: MemorySurface, contextTokens: number, kvType: KvType): Float64Array {
  const needs = gpuNeeds(surface, contextTokens, kvType);
  for (const narrower of narrowerKvTypes(surface, kvType)) {
    raiseTo(needs, gpuNeeds(surface, contextTokens, narrower));
  }
  return needs;
}

function breakpointsOf(surface: MemorySurface): number[] {
  const contexts = new Set<number>();
  for (const kvType of kvTypes)
    for (const column of surface.compute[kvType])
      for (const point of column.points) contexts.add(padUp(point.contextTokens, CONTEXT_PAD_TOKENS));
  for (const { kv } of surface.layers)
    if (kv.growth === "window") contexts.add(padUp(kv.windowTokens + surface.batchTokens, CONTEXT_PAD_TOKENS));
  return [...contexts].sort((a, b) => a - b);
}

function envelopeOf(surface: MemorySurface, kvType: KvType): Envelope {
  const ofSurface = envelopes.get(surface) ?? new Map<KvType, Envelope>();
  envelopes.set(surface, ofSurface);
  const known = ofSurface.get(kvType);
  if (known !== undefined) return known;
  const breakpoints = breakpointsOf(surface);
  const highest: Float64Array[] = [];
  for (const contextTokens of breakpoints) {
    const needs = widestNeeds(surface, contextTokens, kvType);
    raiseTo(needs, highest.at(-1));
    highest.push(needs);
  }
  const envelope = { breakpoints, highest };
  ofSurface.set(kvType, envelope);
  return envelope;
}

/** Highest needs at breakpoints up to this context; undefined below the first. */
function highestUpTo(surface: MemorySurface, contextTokens: number, kvType: KvType): Float64Array | undefined {
  const { breakpoints, highest } = envelopeOf(surface, kvType);
  const paddedTokens = padUp(contextTokens, CONTEXT_PAD_TOKENS);
  let passed = -1;
  while ((breakpoints[passed + 1] ?? Number.POSITIVE_INFINITY) <= paddedTokens) passed++;
  return highest[passed];
}

/** Numbers of layers for which llama.cpp confirmed exactly this context and KV type. */
export function confirmedLayers(surface: MemorySurface, contextTokens: number, kvType: KvType): number[] {
  const cells = padUp(contextTokens, CONTEXT_PAD_TOKENS);
  return (surface.confirmed ?? [])
    .filter(point => point.kvType === kvType && padUp(point.contextTokens, CONTEXT_PAD_TOKENS) === cells)
    .map(point => point.gpuLayers);
}

/**
 * GPU bytes that must fit the budget, for k = 0..L+1.
 *
 * This is `memoryNeed`, raised just enough to keep two promises whatever the samples say: more context never gives more layers,
 * and a narrower KV type never gives fewer. llama.cpp's allocator can need a few MiB less at a larger context, and a few MiB more
 * for a quantized cache. With a few layers of a large model on the GPU, the KV cache outweighs that and nothing is raised.
 * Where llama.cpp confirmed exactly this configuration, its figure is used unchanged, so that no layer is lost to a promise.
 */
export function fitNeeds(surface: MemorySurface, contextTokens: number, kvType: KvType): Float64Array {
  const needs = widestNeeds(surface, contextTokens, kvType);
  raiseTo(needs, highestUpTo(surface, contextTokens, kvType));
  for (const gpuLayers of confirmedLayers(surface, contextTokens, kvType))
    needs[gpuLayers] = memoryNeed(surface, { gpuLayers, contextTokens, kvType }).gpu.totalBytes;
  return needs;
}

/** `fitNeeds` for one number of layers, for searches over the context. */
export function fitNeed(surface: MemorySurface, gpuLayers: number, contextTokens: number, kvType: KvType): number {
  const said = (type: KvType) => memoryNeed(surface, { gpuLayers, contextTokens, kvType: type }).gpu.totalBytes;
  if (confirmedLayers(surface, contextTokens, kvType).includes(gpuLayers)) return said(kvType);
  const highest = highestUpTo(surface, contextTokens, kvType)?.[gpuLayers] ?? 0;
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
