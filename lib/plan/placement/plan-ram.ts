import type { BesideModel, GpuMemory, SystemMemory } from "@/lib/schema/plans/gpu-memory";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { MachineSpeed } from "@/lib/schema/plans/plan-speed";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { formatBytes, formatGib } from "@/lib/units/bytes";
import type { LayerPlan, PlanWarning } from "../cards/layer-plan";
import { cpuOnlyMemory } from "../memory/cpu-only-memory";
import { guessBytesOf, type MemoryPoint, memoryNeed } from "../memory/memory-need";

/** System memory that a plan takes. */
export interface RamNeed {
  /** Weights in RAM, KV cache, compute and guessed tokens; with a shared GPU also what the plan puts "on the GPU". */
  readonly needBytes: number;
  /** The part that cannot be dropped and read again: everything except memory-mapped weights. */
  readonly lockedBytes: number;
}

/** The need compared with the memory that the computer has available. */
export interface RamPlan extends RamNeed {
  readonly availableBytes: number;
  readonly totalBytes: number;
  /** What has its part of system memory before the model. */
  readonly beside: readonly BesideModel[];
  /** An integrated GPU has no memory of its own, so both halves of the plan use system memory. */
  readonly sharedWithGpu: boolean;
  /** `swaps`: the locked part does not fit. `rereads`: mapped weights do not fit, so the file is read again for every token. */
  readonly outcome: RamOutcome;
}

type RamOutcome = "fits" | "rereads" | "swaps";

/** The computer that a plan in system memory is compared with. */
export interface Computer {
  readonly memory: SystemMemory;
  readonly useMmap: boolean;
  /** Measured with this model on the CPU alone; null if it never ran that way. */
  readonly cpuTokensPerSecond: number | null;
  /** Left out if it is not known: then no speed is predicted. */
  readonly speed?: MachineSpeed | undefined;
}

/**
 * Memory in use by other programs. It does not depend on the planned model, because a reload frees what the loaded one holds.
 * Where the system does not report our engine's share, all memory in use counts as others'.
 */
export const ramUsedByOthers = ({ totalBytes, availableBytes, heldByEngineBytes = 0 }: SystemMemory): number =>
  Math.max(0, totalBytes - availableBytes - heldByEngineBytes);

/** What is loaded beside the model takes of system memory. */
export const besideBytes = ({ beside = [] }: SystemMemory): number => beside.reduce((sum, { bytes }) => sum + bytes, 0);

/** What a model can use: a reload first releases what our engine holds, and what is loaded beside the model has its part. */
export const availableRam = (memory: SystemMemory): number =>
  Math.max(0, memory.totalBytes - ramUsedByOthers(memory) - besideBytes(memory));

const isShared = (gpu: GpuMemory | null): boolean => gpu !== null && gpu.kind !== "dedicated" && gpu.kind !== "unknown";

/**
 * Whether this placement would make the computer swap: it takes more system memory than there is, without the weights that are mapped from
 * the file. Those are page cache: the system drops them and reads them again. False where the available memory is not known.
 */
export function wouldSwap(
  surface: MemorySurface,
  gpu: GpuMemory,
  { N_CTX, KV_CACHE_QUANT, USE_MMAP }: PlanSettings,
  placement: Omit<MemoryPoint, "contextTokens" | "kvType">,
): boolean {
  if (gpu.availableRamBytes === undefined) return false;
  const at = { ...placement, contextTokens: N_CTX, kvType: KV_CACHE_QUANT };
  const need = memoryNeed(surface, at);
  const ram = placement.gpuLayers === 0 ? cpuOnlyMemory(surface, need.ram, at) : need.ram;
  const onSharedGpu = isShared(gpu) && placement.gpuLayers > 0 ? need.gpu.totalBytes + gpu.overhead.bytes : 0;
  return (
    ram.totalBytes + guessBytesOf(surface) - (USE_MMAP ? ram.weightsBytes : 0) + onSharedGpu > gpu.availableRamBytes
  );
}

export function ramNeed(plan: LayerPlan, gpu: GpuMemory | null, useMmap: boolean): RamNeed {
  const needBytes = plan.ram.totalBytes + plan.guessBytes + (isShared(gpu) ? plan.predicted.totalBytes : 0);
  return { needBytes, lockedBytes: needBytes - (useMmap ? plan.ram.weightsBytes : 0) };
}

function ramOutcome({ needBytes, lockedBytes }: RamNeed, memory: SystemMemory): RamOutcome {
  const availableBytes = availableRam(memory);
  if (lockedBytes > availableBytes) return "swaps";
  return needBytes > availableBytes ? "rereads" : "fits";
}

export const isRamShort = (need: RamNeed, memory: SystemMemory): boolean => ramOutcome(need, memory) !== "fits";

const besideWords = { pictures: "the picture reader", draft: "the draft model" } as const;

/** "88 MiB for the draft model small.gguf"; empty for nothing. */
export const besideInWords = (beside: readonly BesideModel[]): string =>
  beside.map(({ kind, name, bytes }) => `${formatBytes(bytes)} for ${besideWords[kind]} ${name}`).join(" and ");

/** "670 MiB too much for system memory: 23.56 GiB is needed and 22.90 GiB is available." */
export const ramShortage = ({ needBytes, availableBytes, beside }: RamPlan): string =>
  `${formatBytes(needBytes - availableBytes)} too much for system memory: ` +
  `${formatGib(needBytes)} is needed and ${formatGib(availableBytes)} is available` +
  `${beside.length > 0 ? ` without ${besideInWords(beside)}` : ""}.`;

const consequences = {
  fits: "",
  rereads: "Parts of the model file would be read from disk for every token.",
  swaps: "The computer would swap and become very slow, or end programs.",
} as const satisfies Record<RamOutcome, string>;

/** What would happen if the plan were loaded anyway. */
export const ramConsequence = ({ outcome }: RamPlan): string => consequences[outcome];

export const ramWarnings = (ram: RamPlan): PlanWarning[] =>
  ram.outcome === "fits" ? [] : [{ code: "ram-short", message: `${ramShortage(ram)} ${ramConsequence(ram)}` }];

/** Checks before a load whether system memory is enough, because llama.cpp does not. */
export function planRam(
  plan: LayerPlan,
  gpu: GpuMemory | null,
  { memory, useMmap }: Pick<Computer, "memory" | "useMmap">,
): RamPlan {
  const need = ramNeed(plan, gpu, useMmap);
  return {
    ...need,
    availableBytes: availableRam(memory),
    totalBytes: memory.totalBytes,
    beside: memory.beside ?? [],
    sharedWithGpu: isShared(gpu),
    outcome: ramOutcome(need, memory),
  };
}
