import type { Placement } from "./memory-need";

interface PlacedLayers extends Placement {
  readonly totalLayers: number;
}

/** "all 33 layers", "21 of 33 layers" */
export const layersInWords = ({ gpuLayers, totalLayers }: PlacedLayers): string =>
  gpuLayers === totalLayers ? `all ${totalLayers} layers` : `${gpuLayers} of ${totalLayers} layers`;

/** ", experts of 29 blocks in RAM", to follow the layers; nothing where no experts are apart. */
export const expertsInWords = ({ expertBlocksInRam = 0 }: Placement): string =>
  expertBlocksInRam === 0
    ? ""
    : `, experts of ${expertBlocksInRam} ${expertBlocksInRam === 1 ? "block" : "blocks"} in RAM`;
