import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { isNarrower } from "@/lib/schema/plans/kv-type";
import type { MemorySurface } from "@/lib/schema/plans/memory-surface";
import type { PlanSettings } from "@/lib/schema/settings/settings";
import { MIB } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";
import { usableKvTypes } from "../memory/usable-kv-types";
import { longestSearched } from "../placement/largest-context";
import { planLayers } from "../placement/plan-layers";
import { type Computer, planRam } from "../placement/plan-ram";

/** One change that makes the plan fit into system memory. */
export interface RamRemedy {
  /** "262,144 tokens of context", "q4_0 KV cache" */
  readonly label: string;
  readonly patch: Partial<PlanSettings>;
}

/** Other programs start and end. This margin keeps an offer valid a moment later. */
const MARGIN_BYTES = 256 * MIB;
/** A smaller context leaves a chat hardly any room to answer. */
const SMALLEST_OFFERED_TOKENS = 2048;
/** The margin makes the figure inexact anyway, so a round one is offered. */
const CONTEXT_STEP_TOKENS = 1024;

/** Changes for a plan that is too large for system memory; none if the weights alone are too large. */
export function ramRemedies(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  { memory, useMmap }: Pick<Computer, "memory" | "useMmap">,
): RamRemedy[] {
  const reduced = { ...memory, availableBytes: Math.max(0, memory.availableBytes - MARGIN_BYTES) };
  const fits = (patch: Partial<PlanSettings>) =>
    planRam(planLayers(surface, gpu, { ...settings, ...patch }), gpu, { memory: reduced, useMmap }).outcome === "fits";
  const narrower = usableKvTypes(surface, settings.FLASH_ATTENTION).find(
    kvType => isNarrower(kvType, settings.KV_CACHE_QUANT) && fits({ KV_CACHE_QUANT: kvType }),
  );
  const contextTokens = largestFitting(settings.N_CTX, N_CTX => fits({ N_CTX }));
  return [
    ...(contextTokens === null
      ? []
      : [{ label: `${formatTokens(contextTokens)} tokens of context`, patch: { N_CTX: contextTokens } }]),
    ...(narrower === undefined ? [] : [{ label: `${narrower} KV cache`, patch: { KV_CACHE_QUANT: narrower } }]),
  ];
}

/** The remedies in a sentence. */
export const waysOut = (remedies: readonly RamRemedy[]): string =>
  remedies.length === 0
    ? "Choose a smaller model or a stronger quantization of it."
    : `What would fit: ${remedies.map(({ label }) => label).join(", or ")}.`;

/** The largest context that system memory holds, as far as the model was trained; null if the weights alone are too large. */
export function largestContextInRam(
  surface: MemorySurface,
  gpu: GpuMemory | null,
  settings: PlanSettings,
  { memory, useMmap }: Pick<Computer, "memory" | "useMmap">,
): number | null {
  const fits = (N_CTX: number) =>
    planRam(planLayers(surface, gpu, { ...settings, N_CTX }), gpu, { memory, useMmap }).outcome === "fits";
  const longest = longestSearched(surface, settings.N_CTX);
  return fits(longest) ? longest : largestFitting(longest, fits);
}

/** A binary search: a plan never takes less memory for more context. */
function largestFitting(below: number, fits: (contextTokens: number) => boolean): number | null {
  let fitting = SMALLEST_OFFERED_TOKENS / CONTEXT_STEP_TOKENS;
  let tooMany = Math.ceil(below / CONTEXT_STEP_TOKENS);
  if (tooMany <= fitting || !fits(SMALLEST_OFFERED_TOKENS)) return null;
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >> 1;
    if (fits(middle * CONTEXT_STEP_TOKENS)) fitting = middle;
    else tooMany = middle;
  }
  return fitting * CONTEXT_STEP_TOKENS;
}
