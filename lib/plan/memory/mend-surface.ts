import type { Buffers, LoadConfig } from "@/lib/schema/plans/load-config";
import type { ConfirmedPoint, MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { DeviceBuffers } from "@/lib/schema/plans/placement";
import { CONTEXT_PAD_TOKENS, padUp } from "@/lib/units/tokens";
import { cardNeeds } from "./card-needs";
import { isOnlyPadding, logitsBytes, memoryNeed, placementOf, samePlacement, withExpertsInLayers } from "./memory-need";

export interface MendedSurface {
  readonly surface: MemorySurface;
  /** Difference between the surface and the dry run, on the GPU and in RAM together. */
  readonly mismatchBytes: number;
}

/** More than a user tries with one model. Beyond this, the oldest points are removed. */
const CONFIRMED_POINTS = 256;

/** A dry run's answer. `devices` has an entry for each card that has layers, in the engine's order, then one for system memory. */
export type DryRunBuffers = Buffers & { readonly devices?: readonly DeviceBuffers[] | undefined };

/** Of each card, what a dry run says beyond the closed form of its weights and KV cache; null without a split, and where the devices are not known. */
function cardBytesOf(
  surface: MemorySurface,
  config: LoadConfig,
  devices: readonly DeviceBuffers[] = [],
): number[] | null {
  if (config.tensorSplit === undefined) return null;
  const onCards = devices.filter(({ device }) => device !== null);
  const needs = cardNeeds(surface, config);
  if (onCards.length !== needs.length) return null;
  return needs.map(({ need }, index) => {
    const { weightsBytes = 0, kvBytes = 0, computeBytes = 0 } = onCards[index] ?? {};
    return Math.max(0, weightsBytes + kvBytes + computeBytes - need.weightsBytes - need.kvBytes);
  });
}

const isSame = (one: ConfirmedPoint, other: ConfirmedPoint): boolean =>
  samePlacement(one, other) &&
  one.kvType === other.kvType &&
  one.contextTokens === other.contextTokens &&
  one.sequences === other.sequences;

/**
 * The surface with one confirmed dry run added: exact at that configuration, unchanged elsewhere. What the context takes beyond the
 * KV cache counts as compute. Keep the new surface even if nothing differed: it records that this point is confirmed. A difference in
 * the weights changes all totals on the same side of k, so that no layer's share gets negative. With experts in RAM, the padding of their
 * tensors is counted with the compute buffer; a larger difference means that the engine does not place them: the new surface has whole
 * layers only.
 */
export function mendSurface(surface: MemorySurface, config: LoadConfig, buffers: DryRunBuffers): MendedSurface {
  const { gpu, ram } = memoryNeed(surface, config);
  const gpuWeightsError = buffers.gpuWeightsBytes - gpu.weightsBytes;
  const ramWeightsError = buffers.ramWeightsBytes - ram.weightsBytes;
  const isPadded = config.expertBlocksInRam !== undefined && isOnlyPadding(surface, gpuWeightsError, ramWeightsError);
  const exactWeights = (gpuWeightsError === 0 && ramWeightsError === 0) || isPadded;
  const mismatchBytes =
    Math.abs(buffers.gpuWeightsBytes + buffers.gpuContextBytes - gpu.totalBytes) +
    Math.abs(buffers.ramWeightsBytes + buffers.ramContextBytes - ram.totalBytes);
  const cardBytes = cardBytesOf(surface, config, buffers.devices);
  const ramLogitsBytes = logitsBytes(surface.model.vocabularySize, config.sequences);
  // The experts did not move as they should: then this engine cannot place them, whatever it says.
  if (!exactWeights && config.expertBlocksInRam !== undefined)
    return { surface: withExpertsInLayers(surface), mismatchBytes };
  const shift = (bytes: number, error: number, applies: boolean) => (applies ? Math.max(0, bytes + error) : bytes);
  const confirmed: ConfirmedPoint = {
    ...placementOf(config),
    contextTokens: padUp(config.contextTokens, CONTEXT_PAD_TOKENS),
    kvType: config.kvType,
    ...(config.sequences !== surface.sequences && { sequences: config.sequences }),
    gpuBytes: Math.max(0, buffers.gpuContextBytes - gpu.kvBytes + (isPadded ? gpuWeightsError : 0)),
    ramBytes: Math.max(0, buffers.ramContextBytes - ram.kvBytes - ramLogitsBytes + (isPadded ? ramWeightsError : 0)),
    ...(cardBytes && { cardBytes }),
  };
  const others = (surface.confirmed ?? []).filter(point => !isSame(point, confirmed));
  return {
    mismatchBytes,
    surface: {
      ...surface,
      weightsSource: exactWeights ? surface.weightsSource : "dry-run",
      gpuWeightsBytes: surface.gpuWeightsBytes.map((bytes, k) =>
        shift(bytes, gpuWeightsError, !isPadded && k >= config.gpuLayers),
      ),
      ramWeightsBytes: surface.ramWeightsBytes.map((bytes, k) =>
        shift(bytes, ramWeightsError, !isPadded && k <= config.gpuLayers),
      ),
      confirmed: [...others, confirmed].slice(-CONFIRMED_POINTS),
    },
  };
}
