import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { keepLatest } from "@/lib/units/keep-latest";
import { budgetBytes } from "../cards/budget";
import { confirmedPlacements, fitNeed, fitNeeds, mostGpuLayers } from "../memory/fit-needs";
import {
  computeBytes,
  expertBlocks,
  firstGpuBlock,
  leastComputeBytes,
  memoryNeed,
  type Placement,
} from "../memory/memory-need";
import { decodeSeconds } from "../speed/speed-parts";
import { ExpertLadder, ON_CPU, type PricedPlacement } from "./expert-ladder";

/** The planner's choice for one card, or for several that are planned as one. Each method is the one of a similar name in choose-placement.ts. */
export class OneCardChooser {
  readonly #at: { readonly contextTokens: number; readonly kvType: PlanSettings["KV_CACHE_QUANT"] };
  readonly #budget: number;
  #decodeSeconds: ((placement: Placement) => number) | null = null;

  constructor(
    private readonly surface: MemorySurface,
    private readonly gpu: GpuMemory,
    private readonly settings: PlanSettings,
    private readonly placesExperts: boolean,
    private readonly swaps: (placement: Placement) => boolean,
  ) {
    this.#at = { contextTokens: settings.N_CTX, kvType: settings.KV_CACHE_QUANT };
    this.#budget = budgetBytes(gpu, settings.TARGET_VRAM_USAGE);
  }

  choose(): PricedPlacement {
    const { LAYERS } = this.settings;
    if (LAYERS !== "auto") {
      const chosen = this.#ladders[Math.min(LAYERS, this.surface.model.blocks + 1)];
      return chosen?.firstWithin(this.#budget) ?? chosen?.bottom ?? ON_CPU;
    }
    if (!this.placesExperts) return this.#mostLayers();
    const found = this.#fastest(() => false);
    if (found === null || !this.swaps(found)) return found ?? ON_CPU;
    return this.#fastest(this.swaps) ?? (this.swaps(ON_CPU) ? found : ON_CPU);
  }

  better(chosen: Placement, doubtShare: number): PricedPlacement[] {
    const doubtOf = (placement: Placement) => {
      const saidBytes = computeBytes(this.surface, { ...placement, ...this.#at }, "gpuBytes");
      // The layers of the card are the last ones, and with one more than the blocks the output layer is among them.
      const leastBytes = leastComputeBytes(this.surface, this.#at.contextTokens, placement.gpuLayers);
      return Math.min(doubtShare * saidBytes, Math.max(0, saidBytes - leastBytes));
    };
    const present = chosen.gpuLayers === 0 ? Number.POSITIVE_INFINITY : this.#seconds(chosen);
    const isBetter = (placement: Placement) =>
      this.placesExperts ? this.#seconds(placement) < present : placement.gpuLayers > chosen.gpuLayers;
    const mightFit = this.#ladders.flatMap((ladder, gpuLayers) => {
      const apart = { gpuLayers, expertBlocksInRam: expertBlocks(this.surface) };
      const doubt = { whole: doubtOf({ gpuLayers }), apart: doubtOf(apart) };
      return gpuLayers === 0 ? [] : ladder.mightBeWithin(this.#budget, doubt, isBetter);
    });
    const better = this.placesExperts
      ? mightFit.sort((one, other) => this.#seconds(one) - this.#seconds(other))
      : mightFit.reverse();
    return this.swaps(chosen) ? better : better.filter(placement => !this.swaps(placement));
  }

  next(placement: Placement): PricedPlacement | null {
    const { gpuLayers } = placement;
    return this.#ladders[gpuLayers]?.above(placement) ?? this.#ladders[gpuLayers + 1]?.bottom ?? null;
  }

  fits(placement: Placement): boolean {
    return fitNeed(this.surface, placement, this.#at.contextTokens, this.#at.kvType) <= this.#budget;
  }

  #seconds(placement: Placement): number {
    this.#decodeSeconds ??= decodeSeconds(this.surface, this.gpu, this.#at);
    return this.#decodeSeconds(placement);
  }

  #mostLayers(): PricedPlacement {
    const ladders = this.#ladders;
    const needs = Float64Array.from(ladders, ladder => ladder.top?.needBytes ?? 0);
    const most = mostGpuLayers(needs, this.#budget);
    for (let gpuLayers = most; gpuLayers >= 0; gpuLayers--)
      if ((gpuLayers === 0 || (needs[gpuLayers] ?? 0) <= this.#budget) && !this.swaps({ gpuLayers }))
        return ladders[gpuLayers]?.top ?? ON_CPU;
    return ladders[most]?.top ?? ON_CPU;
  }

  /**
   * Over the ladders of 1 layer and more. The chart asks for this some sixty times a frame, so of each ladder only the first that fits is
   * priced where the others can only be slower.
   */
  #fastest(swaps: (placement: Placement) => boolean): PricedPlacement | null {
    let best: PricedPlacement | null = null;
    let least = Number.POSITIVE_INFINITY;
    const onlyFirst = this.#expertsCostInRam();
    for (const ladder of this.#ladders.slice(1))
      for (const placement of onlyFirst ? [ladder.firstWithin(this.#budget)] : ladder.allWithin(this.#budget)) {
        if (placement === undefined) continue;
        const seconds = this.#seconds(placement);
        const isBetter = seconds < least || (seconds === least && placement.needBytes >= (best?.needBytes ?? 0));
        if (isBetter && !swaps(placement)) {
          best = placement;
          least = seconds;
        }
      }
    return best;
  }

  /** Whether every block gets slower by having its experts in RAM. Not so for a GPU that is slower than the processor. */
  #expertsCostInRam(): boolean {
    const { layers, model } = this.surface;
    const gpuLayers = model.blocks + 1;
    return layers.every(
      ({ index, expertBytes }) =>
        expertBytes === 0 ||
        this.#seconds({ gpuLayers, expertBlocksInRam: index + 1 }) >
          this.#seconds({ gpuLayers, expertBlocksInRam: index }),
    );
  }

  /**
   * For each number of layers, its placements. Only one stays where `EXPERTS_IN_RAM` is a number, or where experts cannot be apart.
   */
  get #ladders(): readonly ExpertLadder[] {
    const { contextTokens, kvType } = this.#at;
    const ofSurface = known.get(this.surface) ?? new Map<string, readonly ExpertLadder[]>();
    known.set(this.surface, ofSurface);
    const key = `${contextTokens} ${kvType} ${this.placesExperts ? this.settings.EXPERTS_IN_RAM : "whole"}`;
    const ladders = ofSurface.get(key) ?? this.#newLadders();
    // Kept as the latest, so that only the contexts that a slider passed drop out.
    keepLatest(ofSurface, key, ladders, KNOWN_CONTEXTS);
    return ladders;
  }

  #newLadders(): ExpertLadder[] {
    const { contextTokens, kvType } = this.#at;
    const whole = fitNeeds(this.surface, contextTokens, kvType);
    const apart = this.placesExperts ? fitNeeds(this.surface, contextTokens, kvType, "ram") : null;
    const confirmed = confirmedPlacements(this.surface, contextTokens, kvType).flatMap(point => {
      if (point.tensorSplit !== undefined || point.kvInRam) return [];
      const { totalBytes } = memoryNeed(this.surface, { ...point, ...this.#at }).gpu;
      return [{ ...point, expertBlocksInRam: point.expertBlocksInRam ?? 0, needBytes: totalBytes }];
    });
    return Array.from(whole, (wholeBytes, gpuLayers) => {
      const needs = {
        gpuLayers,
        wholeBytes,
        allInRamBytes: gpuLayers === 0 ? null : (apart?.[gpuLayers] ?? null),
        confirmed: confirmed.filter(point => point.gpuLayers === gpuLayers),
      };
      const asked = apart === null ? "auto" : this.settings.EXPERTS_IN_RAM;
      return new ExpertLadder(this.surface, firstGpuBlock(this.surface.model.blocks, gpuLayers), needs, asked);
    });
  }
}

/** The chart asks for some sixty contexts and KV types in each frame of a moving slider, all but one of them the same as before. */
const known = new WeakMap<MemorySurface, Map<string, readonly ExpertLadder[]>>();
const KNOWN_CONTEXTS = 128;
