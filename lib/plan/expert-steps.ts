import type { ExpertMatrix } from "@/lib/schema/load-config";
import type { LayerMemory, MemorySurface } from "@/lib/schema/memory-surface";

/** Which experts are in RAM, whatever else of their block is on the GPU. */
export interface ExpertPlacement {
  /** The experts of the blocks before this one are in RAM. 0 or absent: none are apart. */
  readonly expertBlocksInRam?: number | undefined;
  /** Matrices of the experts of the last of these blocks that are on the GPU all the same, such as "gate+up". */
  readonly borderExpertsOnGpu?: string | undefined;
}

/** One choice of experts in RAM, with the bytes of them in all blocks. */
export interface ExpertStep {
  readonly expertBlocksInRam: number;
  readonly borderExpertsOnGpu?: string;
  readonly bytes: number;
}

/** Of a layer whose block is on the GPU: bytes of its experts that are in RAM. */
export function expertBytesInRam(
  { index, expertBytes, expertMatrixBytes = {} }: LayerMemory,
  { expertBlocksInRam = 0, borderExpertsOnGpu }: ExpertPlacement,
): number {
  if (index >= expertBlocksInRam) return 0;
  if (index < expertBlocksInRam - 1 || borderExpertsOnGpu === undefined) return expertBytes;
  const kept = borderExpertsOnGpu.split("+");
  return Object.entries(expertMatrixBytes).reduce(
    (bytes, [matrix, matrixBytes]) => (kept.includes(matrix) ? bytes - matrixBytes : bytes),
    expertBytes,
  );
}

const known = new WeakMap<MemorySurface["layers"], readonly ExpertStep[]>();

/**
 * Every choice of experts in RAM, from none on, each with a little more of them: whole blocks from the first, and of the last of these
 * any of its matrices.
 */
export function expertSteps({ layers }: Pick<MemorySurface, "layers">): readonly ExpertStep[] {
  const steps = known.get(layers) ?? newSteps(layers);
  known.set(layers, steps);
  return steps;
}

function newSteps(layers: MemorySurface["layers"]): readonly ExpertStep[] {
  const steps: ExpertStep[] = [{ expertBlocksInRam: 0, bytes: 0 }];
  let before = 0;
  for (const { index, expertBytes, expertMatrixBytes = {} } of layers) {
    if (expertBytes === 0) continue;
    const expertBlocksInRam = index + 1;
    before += expertBytes;
    for (const { matrices, bytes } of keptChoices(expertMatrixBytes))
      steps.push({ expertBlocksInRam, borderExpertsOnGpu: matrices.join("+"), bytes: before - bytes });
    steps.push({ expertBlocksInRam, bytes: before });
  }
  return steps;
}

interface Kept {
  readonly matrices: readonly string[];
  readonly bytes: number;
}

/** Some of the matrices, not all, the most bytes first; of choices with as many bytes, one. */
function keptChoices(matrixBytes: Partial<Record<ExpertMatrix, number>>): Kept[] {
  let choices: Kept[] = [{ matrices: [], bytes: 0 }];
  for (const [matrix, bytes] of Object.entries(matrixBytes).sort())
    choices = choices.flatMap(kept => [kept, { matrices: [...kept.matrices, matrix], bytes: kept.bytes + bytes }]);
  const some = choices.slice(1, -1).sort((one, other) => other.bytes - one.bytes);
  return some.filter(({ bytes }, index) => bytes !== some[index - 1]?.bytes);
}
