import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { MIB } from "@/lib/units/bytes";
import type { PlannableCard } from "../cards/plannable-cards";
import { expertSteps } from "../memory/expert-steps";
import { firstGpuBlock, type Placement, samePlacement } from "../memory/memory-need";
import { ON_CPU, type PricedPlacement } from "./expert-ladder";
import { type CardGroup, type Layers, SplitFinder, type SplitPlacement } from "./split-finder";

/** The planner's choice for several cards. Each method is the one of a similar name in choose-placement.ts. */
export class CardChooser {
  #made: SplitFinder | null = null;
  readonly #all: number;

  constructor(
    private readonly surface: MemorySurface,
    private readonly gpu: GpuMemory,
    private readonly settings: PlanSettings,
    private readonly placesExperts: boolean,
    private readonly swaps: (placement: Placement) => boolean,
    private readonly cards: readonly PlannableCard[],
  ) {
    this.#all = surface.model.blocks + 1;
  }

  get #finder(): SplitFinder {
    this.#made ??= this.#newFinder();
    return this.#made;
  }

  #newFinder(): SplitFinder {
    const { surface, gpu, cards } = this;
    const { N_CTX, KV_CACHE_QUANT, TENSOR_SPLIT, CARD_CHOICE } = this.settings;
    const hasShare = TENSOR_SPLIT !== "auto" && cards.some(({ position }) => (TENSOR_SPLIT[position] ?? 0) > 0);
    const at = { contextTokens: N_CTX, kvType: KV_CACHE_QUANT };
    return new SplitFinder({
      surface,
      gpu,
      cards,
      at,
      shares: hasShare ? TENSOR_SPLIT : null,
      spreads: CARD_CHOICE === "spread",
    });
  }

  /** What was chosen before for the same surface, cards and settings. The chart asks again in each frame of a moving slider. */
  #remembered(choose: () => PricedPlacement): PricedPlacement {
    const { N_CTX, KV_CACHE_QUANT, LAYERS, EXPERTS_IN_RAM, CARD_CHOICE, TENSOR_SPLIT, USE_MMAP } = this.settings;
    const cards = this.cards.map(({ position, name, budgetBytes }) => [position, name, budgetBytes]);
    const key = JSON.stringify([
      N_CTX,
      KV_CACHE_QUANT,
      LAYERS,
      EXPERTS_IN_RAM,
      CARD_CHOICE,
      TENSOR_SPLIT,
      USE_MMAP,
      Math.round((this.gpu.availableRamBytes ?? 0) / RAM_STEP_BYTES),
      this.placesExperts,
      cards,
    ]);
    const known = choices.get(this.surface) ?? new Map<string, PricedPlacement>();
    choices.set(this.surface, known);
    const choice = known.get(key) ?? choose();
    if (known.size >= KNOWN_CHOICES) known.clear();
    known.set(key, choice);
    return choice;
  }

  choose(): PricedPlacement {
    return this.#remembered(() => {
      const chosen = this.#chosen();
      return chosen === null ? ON_CPU : this.#priced(chosen);
    });
  }

  /** Null: everything is on the CPU. */
  #chosen(): SplitPlacement | null {
    const { LAYERS } = this.settings;
    if (LAYERS === 0) return null;
    if (LAYERS !== "auto") {
      const gpuLayers = Math.min(LAYERS, this.#all);
      return this.#fewestApart(gpuLayers) ?? this.#leastOf(gpuLayers);
    }
    const found = this.#fastest(() => false);
    if (found === null || !this.swaps(found)) return found;
    return this.#fastest(this.swaps) ?? (this.swaps(ON_CPU) ? found : null);
  }

  #priced = (placement: SplitPlacement) => ({ ...placement, needBytes: this.#finder.needBytes(placement) });

  /** A faster card alone may be worth more experts in RAM, so each choice of cards has the fewest that it needs. */
  #fastest(swaps: (found: Placement) => boolean): SplitPlacement | null {
    let best: SplitPlacement | null = null;
    for (let gpuLayers = this.#all; gpuLayers > 0; gpuLayers--) {
      const found = this.#finder.groups.flatMap(group => this.#fewestApart(gpuLayers, group) ?? []);
      const [first] = found.filter(one => !swaps(one)).sort((one, other) => this.#finder.compare(one, other));
      if (first === undefined) continue;
      if (!this.placesExperts || this.#isSettled(first)) return first;
      if (best === null || this.#finder.compare(first, best) < 0) best = first;
    }
    return best;
  }

  better(chosen: Placement, doubtShare: number): PricedPlacement[] {
    const present = isSplit(chosen) ? chosen : null;
    const mustSwap = this.swaps(chosen);
    const found: SplitPlacement[] = [];
    for (let gpuLayers = this.#all; gpuLayers > 0; gpuLayers--) {
      if (!this.placesExperts && gpuLayers < chosen.gpuLayers) break;
      for (const group of this.#finder.groups)
        for (const experts of this.#apartChoices(gpuLayers)) {
          const share = Math.max(doubtShare, DOUBTED_CARD_SHARE);
          const candidate = this.#finder.best({ gpuLayers, ...experts }, share, group);
          if (candidate === null) continue;
          const isBetter = present === null || this.#isBetter(candidate, present);
          if (isBetter && (mustSwap || !this.swaps(candidate))) found.push(candidate);
          break;
        }
    }
    if (this.placesExperts) found.sort((one, other) => this.#finder.compare(one, other));
    return found.map(this.#priced);
  }

  next(placement: Placement): PricedPlacement | null {
    const next = this.#next(placement);
    return next && { ...this.#priced(next), shortBytes: this.#finder.shortBytes(next) };
  }

  #next({ gpuLayers, tensorSplit: _, ...present }: Placement): SplitPlacement | null {
    const apart = this.#apartChoices(gpuLayers);
    const own = apart.findIndex(experts => samePlacement({ gpuLayers, ...experts }, { gpuLayers, ...present }));
    const fewer = apart[own - 1];
    if (gpuLayers > 0 && fewer !== undefined) return this.#split({ gpuLayers, ...fewer });
    return gpuLayers < this.#all ? this.#leastOf(gpuLayers + 1) : null;
  }

  /** Whether this placement fits with its layers on any of the cards. */
  fits({ gpuLayers, expertBlocksInRam = 0, borderExpertsOnGpu }: Placement): boolean {
    return this.#finder.fits({ gpuLayers, expertBlocksInRam, borderExpertsOnGpu });
  }

  /** Nothing is better: everything is on one card, or on the cards where those are to be used. */
  #isSettled(found: SplitPlacement): boolean {
    const isAll = found.gpuLayers === this.#all && found.expertBlocksInRam === 0;
    return this.settings.CARD_CHOICE === "spread" ? isAll : this.#finder.isAllOnOne(found);
  }

  #isBetter(candidate: SplitPlacement, present: SplitPlacement): boolean {
    const moreLayers = this.placesExperts ? 0 : candidate.gpuLayers - present.gpuLayers;
    if (moreLayers !== 0) return moreLayers > 0;
    const isSame = samePlacement({ ...candidate, tensorSplit: undefined }, { ...present, tensorSplit: undefined });
    return (isSame ? this.#finder.compareSplits(candidate, present) : this.#finder.compare(candidate, present)) < 0;
  }

  #split(layers: Layers): SplitPlacement {
    return this.#finder.best(layers) ?? this.#finder.forced(layers);
  }

  /** So many layers, with as many experts in RAM as are allowed. */
  #leastOf(gpuLayers: number): SplitPlacement {
    return this.#split({ gpuLayers, ...(this.#apartChoices(gpuLayers).at(-1) ?? NONE_APART) });
  }

  /** So many layers with the fewest experts in RAM that fit; null when even the most do not. */
  #fewestApart(gpuLayers: number, group?: CardGroup): SplitPlacement | null {
    const [none = NONE_APART, ...apart] = this.#apartChoices(gpuLayers);
    const plain = this.#finder.best({ gpuLayers, ...none }, 0, group);
    if (plain !== null) return plain;
    const known = apart.findIndex(experts => this.#finder.isKnownToFit({ gpuLayers, ...experts }, group));
    let fewest = apart[known] ?? null;
    let low = 0;
    let high = (known === -1 ? apart.length : known) - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const experts = apart[middle] ?? NONE_APART;
      if (this.#finder.fits({ gpuLayers, ...experts }, group)) {
        fewest = experts;
        high = middle - 1;
      } else low = middle + 1;
    }
    return fewest === null ? null : this.#finder.best({ gpuLayers, ...fewest }, 0, group);
  }

  /** Which experts can be in RAM, with so many layers on the cards, the fewest first; one choice where it is made by hand. */
  #apartChoices(gpuLayers: number): ExpertChoice[] {
    if (!this.placesExperts) return [NONE_APART];
    const first = firstGpuBlock(this.surface.model.blocks, gpuLayers);
    const steps = expertSteps(this.surface).filter(step => step.expertBlocksInRam > first || step.bytes === 0);
    const { EXPERTS_IN_RAM } = this.settings;
    const asked =
      EXPERTS_IN_RAM === "auto"
        ? steps
        : [steps.findLast(step => step.expertBlocksInRam <= EXPERTS_IN_RAM) ?? NONE_APART];
    return asked.map(({ expertBlocksInRam, borderExpertsOnGpu }) => ({ expertBlocksInRam, borderExpertsOnGpu }));
  }
}

/** A card with one or two layers needs less than one with half of them: by up to a fifth of its compute buffer (small-qwen3-moe). */
const DOUBTED_CARD_SHARE = 0.3;

type ExpertChoice = Omit<Layers, "gpuLayers">;
const NONE_APART: ExpertChoice = { expertBlocksInRam: 0 };
/** Choices are remembered although other programs take and give back a little memory each second. */
const RAM_STEP_BYTES = 64 * MIB;

const choices = new WeakMap<MemorySurface, Map<string, PricedPlacement>>();
const KNOWN_CHOICES = 512;

const isSplit = (placement: Placement): placement is SplitPlacement =>
  placement.tensorSplit !== undefined && placement.gpuLayers > 0;
