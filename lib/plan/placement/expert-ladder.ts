import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import { type ExpertStep, expertSteps } from "../memory/expert-steps";
import { type Placement, samePlacement } from "../memory/memory-need";

/** A placement with the GPU bytes that must fit the budget. */
export interface PricedPlacement extends Placement {
  readonly expertBlocksInRam: number;
  readonly needBytes: number;
  /** With several cards: the bytes that are missing on them. */
  readonly shortBytes?: number;
}

/** Everything on the CPU takes nothing of the card. */
export const ON_CPU: PricedPlacement = { gpuLayers: 0, expertBlocksInRam: 0, needBytes: 0 };

interface LadderNeeds {
  readonly gpuLayers: number;
  /** What these layers need with all their experts. */
  readonly wholeBytes: number;
  /** The same with all experts in RAM; null if they cannot be. */
  readonly allInRamBytes: number | null;
  /** The placements of these layers that llama.cpp confirmed. */
  readonly confirmed: readonly PricedPlacement[];
}

/**
 * The placements of one number of layers: the one with all experts on the GPU first, then with a little more of them in RAM each time. There are
 * some hundred of each, for each number of layers and each context that a slider passes, so they are numbers until one is chosen.
 */
export class ExpertLadder {
  readonly #steps: readonly ExpertStep[];
  readonly #confirmed = new Map<ExpertStep, number>();
  /** Those of them with experts in RAM, by what a divided block has on the GPU and then by their index among the steps, ascending. */
  readonly #known = new Map<string | undefined, KnownStep[]>();
  readonly #allBytes: number;

  constructor(
    surface: MemorySurface,
    firstOnGpu: number,
    private readonly needs: LadderNeeds,
    /** The experts of how many blocks are in RAM; "auto": all choices. */
    asked: number | "auto",
  ) {
    const all = expertSteps(surface);
    this.#allBytes = all.at(-1)?.bytes ?? 0;
    const possible = needs.allInRamBytes === null ? all.slice(0, 1) : stepsFrom(all, firstOnGpu);
    this.#steps = asked === "auto" ? possible : possible.filter(step => step === wholeStep(possible, asked));
    for (const point of needs.confirmed) {
      const step = possible.find(one => samePlacement({ gpuLayers: needs.gpuLayers, ...one }, point));
      if (step !== undefined) this.#confirmed.set(step, point.needBytes);
    }
    for (const [index, step] of this.#steps.entries()) {
      const needBytes = step.bytes === 0 ? undefined : this.#confirmed.get(step);
      if (needBytes !== undefined)
        this.#known.set(step.borderExpertsOnGpu, [
          ...this.#knownLike(step),
          { index, bytesBeside: needBytes + step.bytes },
        ]);
    }
  }

  /** The one with the most on the GPU. */
  get top(): PricedPlacement | undefined {
    return this.#at(0);
  }

  /** The one with the least on the GPU. */
  get bottom(): PricedPlacement | undefined {
    return this.#at(this.#steps.length - 1);
  }

  firstWithin(budgetBytes: number): PricedPlacement | undefined {
    return this.#at(this.#steps.findIndex((step, index) => this.#needOf(step, index) <= budgetBytes));
  }

  allWithin(budgetBytes: number): PricedPlacement[] {
    return this.#steps.flatMap((step, index) =>
      this.#needOf(step, index) <= budgetBytes ? (this.#at(index) ?? []) : [],
    );
  }

  /**
   * Those within the budget, and of those that only might be, one between each two confirmed ones. Where these have the same buffers, so have
   * all between them, so that it is first asked about the ends.
   *
   * @param doubt bytes by which the needs may be too high, without and with experts in RAM
   * @param isWanted whether a placement would be chosen if it fits
   */
  mightBeWithin(
    budgetBytes: number,
    doubt: { readonly whole: number; readonly apart: number },
    isWanted: (placement: PricedPlacement) => boolean,
  ): PricedPlacement[] {
    const open = new Map<string, number[]>();
    for (const [index, step] of this.#steps.entries()) {
      const limit = budgetBytes + (step.bytes === 0 ? doubt.whole : doubt.apart);
      const mightFit = this.#needOf(step, index) > budgetBytes && this.#tableNeedOf(step) <= limit;
      if (!mightFit || this.#confirmed.has(step) || this.#isSettled(index)) continue;
      const placement = this.#at(index);
      if (placement === undefined || !isWanted(placement)) continue;
      // The step without experts in RAM has its own buffers.
      const before = this.#knownLike(step).filter(known => known.index < index).length;
      const gap = step.bytes === 0 ? "all on the GPU" : `${step.borderExpertsOnGpu} ${before}`;
      open.set(gap, [...(open.get(gap) ?? []), index]);
    }
    const asked = [...open.values()].flatMap(indexes => {
      const [before, after] = this.#neighbours(indexes[0] ?? 0);
      const index = before === 0 ? indexes[0] : after === 0 ? indexes.at(-1) : indexes[indexes.length >> 1];
      return this.#at(index ?? 0) ?? [];
    });
    return [...this.allWithin(budgetBytes).filter(isWanted), ...asked];
  }

  /** What confirmed steps on both sides need beside their experts, of those that divide a block like this one: others can have other buffers. */
  #neighbours(index: number): readonly [before: number, after: number] {
    const step = this.#steps[index];
    const known = step === undefined ? [] : this.#knownLike(step);
    if (known.length === 0) return [0, 0];
    const before = known.findLast(one => one.index < index)?.bytesBeside ?? 0;
    return [before, known.find(one => one.index > index)?.bytesBeside ?? 0];
  }

  #knownLike({ borderExpertsOnGpu }: ExpertStep): readonly KnownStep[] {
    return this.#known.get(borderExpertsOnGpu) ?? [];
  }

  #isSettled(index: number): boolean {
    const [before, after] = this.#neighbours(index);
    return before > 0 && before === after;
  }

  /** The one with a little more on the GPU; undefined for the top, and for a placement that is none of these. */
  above(placement: Placement): PricedPlacement | undefined {
    const { gpuLayers } = this.needs;
    return this.#at(this.#steps.findIndex(step => samePlacement({ gpuLayers, ...step }, placement)) - 1);
  }

  /** How many experts are in RAM hardly matters for the compute buffer: what is known of one step is taken for the steps beside it, if it is more. */
  #needOf(step: ExpertStep, index: number): number {
    if (step.bytes === 0) return this.needs.wholeBytes;
    const confirmed = this.#confirmed.get(step);
    if (confirmed !== undefined) return confirmed;
    const besideBytes = Math.max(...this.#neighbours(index)) - step.bytes;
    return this.#isSettled(index) ? besideBytes : Math.max(this.#tableNeedOf(step), besideBytes);
  }

  #tableNeedOf(step: ExpertStep): number {
    const { wholeBytes, allInRamBytes } = this.needs;
    return step.bytes === 0 ? wholeBytes : (allInRamBytes ?? 0) + this.#allBytes - step.bytes;
  }

  #at(index: number): PricedPlacement | undefined {
    const step = this.#steps[index];
    if (step === undefined) return undefined;
    const { bytes: _, ...experts } = step;
    return { gpuLayers: this.needs.gpuLayers, ...experts, needBytes: this.#needOf(step, index) };
  }
}

interface KnownStep {
  readonly index: number;
  readonly bytesBeside: number;
}

const suffixes = new WeakMap<readonly ExpertStep[], Map<number, readonly ExpertStep[]>>();

/** The steps that differ where the blocks before this one are in RAM as a whole. */
function stepsFrom(all: readonly ExpertStep[], firstOnGpu: number): readonly ExpertStep[] {
  const known = suffixes.get(all) ?? new Map<number, readonly ExpertStep[]>();
  suffixes.set(all, known);
  const steps = known.get(firstOnGpu) ?? all.filter(step => step.bytes === 0 || step.expertBlocksInRam > firstOnGpu);
  known.set(firstOnGpu, steps);
  return steps;
}

const wholeStep = (steps: readonly ExpertStep[], blocks: number): ExpertStep | undefined =>
  steps.findLast(step => step.borderExpertsOnGpu === undefined && step.expertBlocksInRam <= blocks);
