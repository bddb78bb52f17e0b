import { type BorderExperts, type ExpertMatrix, expertMatrices } from "@/lib/schema/plans/load-config";
import type { LayerMemory, MemorySurface } from "@/lib/schema/plans/memory-surface";
import { dividedBlock, type ExpertPlacement, wholeBlocksInRam } from "./expert-placement";

/** One choice of experts in RAM, with the bytes of them in all blocks. */
export interface ExpertStep {
  readonly expertBlocksInRam: number;
  readonly borderExpertsOnGpu?: string;
  readonly bytes: number;
}

type MatrixBytes = Partial<Record<ExpertMatrix, number>>;

const bytesBeside = (matrixBytes: MatrixBytes, kept: readonly string[]): number =>
  expertMatrices.reduce((sum, matrix) => sum + (kept.includes(matrix) ? 0 : (matrixBytes[matrix] ?? 0)), 0);

/** Of a layer whose block is on the GPU: bytes of its experts that are in RAM, with what is in RAM beside them. */
export function expertBytesInRam(layer: LayerMemory, placement: ExpertPlacement): number {
  const { index, expertBytes, expertMatrixBytes = {} } = layer;
  if (index < wholeBlocksInRam(placement)) return expertBytes;
  const border = borderAt(layer, placement);
  return border === null ? 0 : bytesBeside(expertMatrixBytes, border.matrices) + sharedBytesInRam(layer, placement);
}

/** The part of them that each token reads whole: shared experts and the router. Only the block that is divided can have such. */
export function sharedBytesInRam(layer: LayerMemory, placement: ExpertPlacement): number {
  const border = borderAt(layer, placement);
  return border?.isOnly ? bytesBeside(layer.sharedMatrixBytes ?? {}, border.matrices) : 0;
}

function borderAt({ index }: LayerMemory, placement: ExpertPlacement): BorderExperts | null {
  const border = dividedBlock(placement);
  return border?.block === index ? border : null;
}

const known = new WeakMap<MemorySurface["layers"], readonly ExpertStep[]>();

/**
 * Every choice of experts in RAM that can be the fastest, from none on, each with more bytes and slower: whole blocks from the first, and one more
 * matrix by matrix, without or with its shared experts and router. That one is the model's last block: where a part of its feed-forward is
 * computed in RAM, some models need a batch's activations less on the card (1 of 34 MiB in a small DeepSeek 2), and others as much.
 */
export function expertSteps({ layers }: Pick<MemorySurface, "layers">): readonly ExpertStep[] {
  const steps = known.get(layers) ?? newSteps(layers);
  known.set(layers, steps);
  return steps;
}

function newSteps(layers: MemorySurface["layers"]): readonly ExpertStep[] {
  const steps: ExpertStep[] = [{ expertBlocksInRam: 0, bytes: 0 }];
  const withExperts = layers.filter(({ expertBytes }) => expertBytes > 0);
  const last = withExperts.at(-1);
  const choices = last === undefined ? [] : borderChoices(last);
  let before = 0;
  for (const { index, expertBytes } of withExperts) {
    const expertBlocksInRam = index + 1;
    for (const { border, bytes } of choices)
      if (bytes < expertBytes) steps.push({ expertBlocksInRam, borderExpertsOnGpu: border, bytes: before + bytes });
    before += expertBytes;
    steps.push({ expertBlocksInRam, bytes: before });
  }
  return steps;
}

interface BorderChoice {
  readonly border: string;
  /** In RAM, and how many of them a token reads. */
  readonly bytes: number;
  readonly activeBytes: number;
}

/** Some of the matrices on the GPU, the fewest bytes in RAM first. Left out are those for which another leaves no more in RAM to be read and no less in all. */
function borderChoices(layer: LayerMemory): BorderChoice[] {
  const { expertBytes, expertBytesAlwaysInRam = 0, expertMatrixBytes = {}, sharedMatrixBytes = {} } = layer;
  const allBytes = expertBytes + expertBytesAlwaysInRam;
  const activeShare = Math.max(1e-9, (allBytes - layer.weightsBytes + layer.activeBytes) / allBytes);
  const expertBlocksInRam = layer.index + 1;
  const borders = [
    ...keptOf(expertMatrixBytes),
    ...keptOf({ ...expertMatrixBytes, ...sharedMatrixBytes }).map(matrices => `${matrices} only`),
  ].map(kept => `${kept} of ${layer.index}`);
  const choices = borders.map((border): BorderChoice => {
    const placement = { expertBlocksInRam, borderExpertsOnGpu: border };
    const bytes = expertBytesInRam(layer, placement);
    const sharedBytes = sharedBytesInRam(layer, placement);
    return { border, bytes, activeBytes: (bytes - sharedBytes) * activeShare + sharedBytes };
  });
  let least = expertBytes * activeShare;
  return choices
    .filter(({ bytes }) => bytes > 0 && bytes < expertBytes)
    .sort((one, other) => other.bytes - one.bytes || one.activeBytes - other.activeBytes)
    .filter(({ activeBytes }) => {
      const isUseful = activeBytes < least;
      least = Math.min(least, activeBytes);
      return isUseful;
    })
    .reverse();
}

/** Every choice of some of these matrices, as texts. */
function keptOf(matrixBytes: MatrixBytes): string[] {
  let choices: string[] = [];
  for (const matrix of Object.keys(matrixBytes).sort())
    choices = [...choices.map(kept => `${kept}+${matrix}`), matrix, ...choices];
  return choices;
}
