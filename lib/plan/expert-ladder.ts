import type { MemorySurface } from "@/lib/schema/memory-surface";
import { type ExpertStep, expertSteps } from "./expert-steps";
import { type Placement, samePlacement } from "./memory-need";

/** A placement with the GPU bytes that must fit the budget. */
export interface PricedPlacement extends Placement {
  readonly expertBlocksInRam: number;
  readonly needBytes: number;
  /** Of several cards: the bytes that are missing on them. */
  readonly shortBytes?: number;
}

/** Everything on the CPU takes nothing of the card. */
export const ON_CPU: PricedPlacement = { gpuLayers: 0, expertBlocksInRam: 0, needBytes: 0 };

interface LadderNeeds {
  readonly gpuLayers: number;
  /** What these layers need with all their experts. */
  readonly wholeBytes: number;
  /** The same with all experts in RAM; null where they cannot be. */
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
  }

  /** The one with the most on the GPU. */
  get top(): PricedPlacement | undefined {
    return this.#at(this.#steps[0]);
  }

  /** The one with the least on the GPU. */
  get bottom(): PricedPlacement | undefined {
    return this.#at(this.#steps.at(-1));
  }

  firstWithin(budgetBytes: number): PricedPlacement | undefined {
    return this.#at(this.#steps.find(step => this.#needOf(step) <= budgetBytes));
  }

  /** @param doubt bytes by which the needs may be too high, without and with experts in RAM */
  allWithin(budgetBytes: number, doubt = { whole: 0, apart: 0 }): PricedPlacement[] {
    return this.#steps.flatMap(step => {
      const limit = budgetBytes + (step.bytes === 0 ? doubt.whole : doubt.apart);
      return this.#needOf(step) <= limit ? (this.#at(step) ?? []) : [];
    });
  }

  /** The one with a little more on the GPU; undefined for the top, and for a placement that is none of these. */
  above(placement: Placement): PricedPlacement | undefined {
    const { gpuLayers } = this.needs;
    return this.#at(this.#steps[this.#steps.findIndex(step => samePlacement({ gpuLayers, ...step }, placement)) - 1]);
  }

  #needOf(step: ExpertStep): number {
    const { wholeBytes, allInRamBytes } = this.needs;
    if (step.bytes === 0) return wholeBytes;
    return this.#confirmed.get(step) ?? (allInRamBytes ?? 0) + this.#allBytes - step.bytes;
  }

  #at(step: ExpertStep | undefined): PricedPlacement | undefined {
    if (step === undefined) return undefined;
    const { bytes: _, ...experts } = step;
    return { gpuLayers: this.needs.gpuLayers, ...experts, needBytes: this.#needOf(step) };
  }
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
