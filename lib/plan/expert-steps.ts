import { borderOnGpu, type ExpertMatrix, expertMatrices } from "@/lib/schema/load-config";
import type { LayerMemory, MemorySurface } from "@/lib/schema/memory-surface";

/** Which experts are in RAM, whatever else of their block is on the GPU. */
export interface ExpertPlacement {
  /** The experts of the blocks before this one are in RAM. 0 or absent: none are apart. */
  readonly expertBlocksInRam?: number | undefined;
  /** Matrices of the experts of the last of these blocks that are on the GPU all the same: see `borderExpertsSchema`. */
  readonly borderExpertsOnGpu?: string | undefined;
}

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
  const { expertBlocksInRam = 0, borderExpertsOnGpu } = placement;
  if (index >= expertBlocksInRam) return 0;
  if (index < expertBlocksInRam - 1 || borderExpertsOnGpu === undefined) return expertBytes;
  return bytesBeside(expertMatrixBytes, borderOnGpu(borderExpertsOnGpu).matrices) + sharedBytesInRam(layer, placement);
}

/** The part of them that each token reads whole: shared experts and the router. Only the last of the blocks can have such. */
export function sharedBytesInRam(
  { index, sharedMatrixBytes = {} }: LayerMemory,
  { expertBlocksInRam = 0, borderExpertsOnGpu }: ExpertPlacement,
): number {
  if (index !== expertBlocksInRam - 1 || borderExpertsOnGpu === undefined) return 0;
  const { matrices, isOnly } = borderOnGpu(borderExpertsOnGpu);
  return isOnly ? bytesBeside(sharedMatrixBytes, matrices) : 0;
}

const known = new WeakMap<MemorySurface["layers"], readonly ExpertStep[]>();

/**
 * Every choice of experts in RAM that can be the fastest, from none on, each with more bytes and slower: whole blocks from the first, and of
 * the last of these any of its matrices, without or with the block's shared experts and router.
 */
export function expertSteps({ layers }: Pick<MemorySurface, "layers">): readonly ExpertStep[] {
  const steps = known.get(layers) ?? newSteps(layers);
  known.set(layers, steps);
  return steps;
}

function newSteps(layers: MemorySurface["layers"]): readonly ExpertStep[] {
  const steps: ExpertStep[] = [{ expertBlocksInRam: 0, bytes: 0 }];
  let before = 0;
  for (const layer of layers) {
    if (layer.expertBytes === 0) continue;
    const expertBlocksInRam = layer.index + 1;
    for (const { border, bytes } of borderChoices(layer))
      steps.push({ expertBlocksInRam, borderExpertsOnGpu: border, bytes: before + bytes });
    before += layer.expertBytes;
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
  ];
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
