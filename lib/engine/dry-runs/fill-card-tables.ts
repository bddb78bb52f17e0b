import { expertBlocks, type MemoryPoint, placementOf } from "@/lib/plan/memory/memory-need";
import { filledAs } from "@/lib/plan/memory/usable-kv-types";
import { type KvElementType, type KvType, kvElementTypes, ofEachElementType } from "@/lib/schema/plans/kv-type";
import type { ComputeColumn, ComputePoint, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import { JobError } from "../job-error";
import type { DryRunPace } from "./dry-run-pace";
import type { SurfaceOracle } from "./surface-oracle";

type CardTables = Pick<MemorySurface, "cardCompute" | "cardComputeExpertsInRam">;

const USUAL_TOKENS = 4096;
/** The rest of the time is for one card alone. */
const LEFT_SHARE = 0.6;

/**
 * Compute buffers of the first card, of those between and of the last, with the layers shared evenly over all cards: a card's buffer
 * hardly depends on how many layers it has. Empty if there are no cards to share layers over.
 */
export async function filledCardTables(
  oracle: SurfaceOracle,
  surface: MemorySurface,
  pace: DryRunPace,
  longestTokens: (kvType: KvType) => number,
): Promise<CardTables> {
  const all = surface.model.blocks + 1;
  if (!oracle.gpu || oracle.cards < 2 || all < oracle.cards || surface.kvSource !== "closed-form") return {};
  const types = kvElementTypes.flatMap(type => {
    const kvType = filledAs(surface, type);
    return kvType === null ? [] : [{ type, kvType }];
  });
  const filled = async (expertBlocksInRam: number) => {
    const layers = [...new Set([Math.max(oracle.cards, Math.ceil(all / 2)), ...wholeAttention(surface), all - 1, all])];
    const points = new Map<string, CardPoint[]>();
    const longest = Math.max(...types.map(({ kvType }) => longestTokens(kvType)));
    for (const [pass, contexts] of passes(surface.batchTokens, longest).entries())
      for (const gpuLayers of layers.filter(count => count >= oracle.cards))
        for (const { type, kvType } of types)
          for (const contextTokens of contexts) {
            if (pass > 0 && pace.left < LEFT_SHARE) return points;
            const found = points.get(`${type} ${gpuLayers}`) ?? [];
            if (contextTokens > longestTokens(kvType) || found.some(point => point.contextTokens === contextTokens))
              continue;
            await pace.checkIn();
            const at = { ...placementOf({ gpuLayers, expertBlocksInRam }), contextTokens, kvType };
            const computes = await possibleComputes(oracle, at);
            if (computes === null) continue;
            points.set(`${type} ${gpuLayers}`, [...found, { contextTokens, computes }]);
          }
    return points;
  };
  const cardCompute = tablesOf(surface.compute, await filled(0));
  if (cardCompute === null) return {};
  const apart = oracle.placesExperts ? surface.computeExpertsInRam : undefined;
  const cardComputeExpertsInRam = apart && tablesOf(apart, await filled(expertBlocks(surface)));
  return { cardCompute, ...(cardComputeExpertsInRam && { cardComputeExpertsInRam }) };
}

/**
 * The fewest layers with which all attention is on the cards, and one less: the first card also computes a prompt's attention for blocks in
 * RAM, whose cache is sent there. Empty for a model whose first block has attention, because `all` is that number.
 */
function wholeAttention({ layers, model }: MemorySurface): number[] {
  const first = layers.findIndex(({ kv }) => kv.growth !== "none");
  return first > 0 ? [model.blocks - first, model.blocks + 1 - first] : [];
}

interface CardPoint {
  readonly contextTokens: number;
  readonly computes: readonly number[];
}

function passes(batchTokens: number, longestTokens: number): number[][] {
  const few = [CONTEXT_PAD_TOKENS, padUp(batchTokens, CONTEXT_PAD_TOKENS), USUAL_TOKENS, longestTokens];
  const rough = [...new Set(few.map(tokens => Math.min(tokens, longestTokens)))];
  const doublings: number[] = [];
  for (let tokens = CONTEXT_PAD_TOKENS; tokens < longestTokens; tokens *= 2) doublings.push(tokens);
  return [rough, [...doublings, longestTokens]];
}

/** Null if this KV type is impossible, or the devices are not known. */
async function possibleComputes(oracle: SurfaceOracle, at: MemoryPoint): Promise<readonly number[] | null> {
  const { gpuLayers } = at;
  const each = Math.floor(gpuLayers / oracle.cards);
  const tensorSplit = Array.from(
    { length: oracle.cards },
    (_, index) => each + (index < gpuLayers % oracle.cards ? 1 : 0),
  );
  try {
    const computes = await oracle.cardComputes({ ...at, tensorSplit });
    return computes?.length === oracle.cards ? computes : null;
  } catch (error) {
    if (error instanceof JobError && (error.code === "ENGINE_FAILED" || error.code === "PLACEMENT_UNAVAILABLE"))
      return null;
    throw error;
  }
}

/** @param fallback for KV types without dry runs */
function tablesOf(
  fallback: MemorySurface["compute"],
  points: ReadonlyMap<string, readonly CardPoint[]>,
): MemorySurface["cardCompute"] | null {
  if (points.size === 0) return null;
  const columnsOf = (of: KvElementType, bytesOf: (computes: readonly number[]) => number): ComputeColumn[] => {
    const columns = [...points].flatMap(([key, found]) => {
      const [type, gpuLayers] = key.split(" ");
      return type === of ? [{ gpuLayers: Number(gpuLayers), points: found.map(point => pointOf(point, bytesOf)) }] : [];
    });
    for (const column of columns) column.points.sort((one, other) => one.contextTokens - other.contextTokens);
    return columns.length === 0 ? fallback[of] : columns.sort((one, other) => one.gpuLayers - other.gpuLayers);
  };
  return {
    first: ofEachElementType(type => columnsOf(type, computes => computes[0] ?? 0)),
    middle: ofEachElementType(type =>
      columnsOf(type, computes => Math.max(computes[0] ?? 0, ...computes.slice(1, -1))),
    ),
    last: ofEachElementType(type => columnsOf(type, computes => computes.at(-1) ?? 0)),
  };
}

const pointOf = (
  { contextTokens, computes }: CardPoint,
  bytesOf: (computes: readonly number[]) => number,
): ComputePoint => ({
  contextTokens,
  gpuBytes: bytesOf(computes),
  ramBytes: 0,
});
