import type { GpuMemory, SystemMemory } from "@/lib/schema/gpu-memory";
import { formatBytes, formatGib } from "@/lib/units/bytes";
import type { LayerPlan, PlanWarning } from "./layer-plan";

/** What a plan takes of system memory. */
export interface RamNeed {
  /** Weights in RAM, KV cache and compute; with a shared GPU also what the plan puts "on the GPU". */
  readonly needBytes: number;
  /** Of these, memory that cannot be dropped and read again: everything but memory-mapped weights. */
  readonly lockedBytes: number;
}

/** The same against what the computer has available. */
export interface RamPlan extends RamNeed {
  readonly availableBytes: number;
  readonly totalBytes: number;
  /** An integrated GPU has no memory of its own: both halves of the plan come from here. */
  readonly sharedWithGpu: boolean;
  /** `swaps`: what must stay does not fit. `rereads`: mapped weights do not fit, so the file is read again for every token. */
  readonly outcome: RamOutcome;
}

type RamOutcome = "fits" | "rereads" | "swaps";

/** The computer around the card: what a plan in system memory is measured against. */
export interface Computer {
  readonly memory: SystemMemory;
  readonly useMmap: boolean;
  /** As measured with this model on the CPU alone; null where it never answered like that. */
  readonly cpuTokensPerSecond: number | null;
}

/**
 * Memory in use that is not our engine's: the same whichever model is planned, for what the loaded one holds is free after a
 * reload. Where the system does not tell what that is, all counts as others'.
 */
export const ramUsedByOthers = ({ totalBytes, availableBytes, heldByEngineBytes = 0 }: SystemMemory): number =>
  Math.max(0, totalBytes - availableBytes - heldByEngineBytes);

/** What a load can have: a reload gives back first what our engine holds. */
const availableRam = (memory: SystemMemory): number => memory.totalBytes - ramUsedByOthers(memory);

const isShared = (gpu: GpuMemory | null): boolean => gpu !== null && gpu.kind !== "dedicated" && gpu.kind !== "unknown";

export function ramNeed(plan: LayerPlan, gpu: GpuMemory | null, useMmap: boolean): RamNeed {
  const needBytes = plan.ram.totalBytes + (isShared(gpu) ? plan.predicted.totalBytes : 0);
  return { needBytes, lockedBytes: needBytes - (useMmap ? plan.ram.weightsBytes : 0) };
}

function ramOutcome({ needBytes, lockedBytes }: RamNeed, memory: SystemMemory): RamOutcome {
  const availableBytes = availableRam(memory);
  if (lockedBytes > availableBytes) return "swaps";
  return needBytes > availableBytes ? "rereads" : "fits";
}

export const isRamShort = (need: RamNeed, memory: SystemMemory): boolean => ramOutcome(need, memory) !== "fits";

/** "670 MiB too much for system memory: 23.56 GiB is needed and 22.90 GiB is available." */
export const ramShortage = ({ needBytes, availableBytes }: RamPlan): string =>
  `${formatBytes(needBytes - availableBytes)} too much for system memory: ` +
  `${formatGib(needBytes)} is needed and ${formatGib(availableBytes)} is available.`;

const consequences = {
  fits: "",
  rereads: "Parts of the model file would be read from disk for every token.",
  swaps: "The computer would swap and become very slow, or end programs.",
} as const satisfies Record<RamOutcome, string>;

/** What would happen if it were loaded all the same. */
export const ramConsequence = ({ outcome }: RamPlan): string => consequences[outcome];

export const ramWarnings = (ram: RamPlan): PlanWarning[] =>
  ram.outcome === "fits" ? [] : [{ code: "ram-short", message: `${ramShortage(ram)} ${ramConsequence(ram)}` }];

/** Says before a load whether system memory is enough: nothing in llama.cpp does. */
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
    sharedWithGpu: isShared(gpu),
    outcome: ramOutcome(need, memory),
  };
}
