import { type BorderExperts, borderOf } from "@/lib/schema/plans/load-config";

/** Which experts are in RAM, whatever else of their block is on the GPU. */
export interface ExpertPlacement {
  /** The experts of the blocks before this one are in RAM. 0 or absent: none are apart. */
  readonly expertBlocksInRam?: number | undefined;
  /** In place of the last of these, another block of which only some matrices are in RAM: see `borderExpertsSchema`. */
  readonly borderExpertsOnGpu?: string | undefined;
}

/** The number of first blocks whose experts are all in RAM. */
export const wholeBlocksInRam = ({ expertBlocksInRam = 0, borderExpertsOnGpu }: ExpertPlacement): number =>
  borderExpertsOnGpu === undefined ? expertBlocksInRam : Math.max(0, expertBlocksInRam - 1);

/** The block whose experts are in RAM in part; null if there is none. */
export const dividedBlock = ({ expertBlocksInRam = 0, borderExpertsOnGpu }: ExpertPlacement): BorderExperts | null =>
  expertBlocksInRam === 0 || borderExpertsOnGpu === undefined ? null : borderOf(borderExpertsOnGpu);
