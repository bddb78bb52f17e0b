import { SLOWEST_TOKENS_PER_SECOND } from "@/lib/plan/picks/pick-models";
import { formatSpeed } from "@/lib/plan/speed/speed-words";
import { expertsInWords, othersInWords } from "@/lib/plan/words/placement-words";
import type { ErrorBody } from "@/lib/schema/api-error";
import type { BadgePlan } from "@/lib/schema/models/local-model";
import type { ModelPickAnswer, ModelPicks } from "@/lib/schema/models/model-picks";
import { bytesToGib, formatGib } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

const COUNT_WORDS = [
  "No model of the list runs",
  "One model that runs",
  "Two models that run",
  "Three models that run",
];

/** "RTX 4060" of "NVIDIA GeForce RTX 4060", "2 × RTX 3060", "2 cards" where they differ. */
const shortCardName = (name: string): string =>
  name.replace(/^(\d+ cards) together: .*/, "$1").replace(/NVIDIA (?:GeForce )?/, "");

/** "Three models that run well on your RTX 4060" */
export function picksTitle({ gpu, picks }: ModelPicks): string {
  const where =
    gpu === null
      ? "on this computer's CPU"
      : gpu.source === "assumed"
        ? `on ${gpu.name}`
        : `on your ${shortCardName(gpu.name)}`;
  return `${COUNT_WORDS[picks.length] ?? `${picks.length} models that run`} well ${where}`;
}

export const NO_PICKS_WORDS = `Each model of the list needs more memory than is available, or would write fewer than ${SLOWEST_TOKENS_PER_SECOND} tokens/s here. Closing other programs can help.`;

const TITLE_ENDS = ["none of the list runs well", "this one runs well", "these two run well", "these three run well"];

/** "8 GiB card found. These three run well on it", "These three run well on this computer's CPU" */
export function foundTitle({ gpu, picks }: ModelPicks): string {
  const end = TITLE_ENDS[picks.length] ?? "these run well";
  const ends = `${end.charAt(0).toUpperCase()}${end.slice(1)}`;
  if (gpu === null) return `${ends} on this computer's CPU`;
  const size = `${Math.round(bytesToGib(gpu.totalBytes))} GiB`;
  const cards = gpu.cards?.length ?? 1;
  if (cards > 1) return `${cards} cards with ${size} found. ${ends} on them`;
  return `${gpu.kind === "dedicated" ? `${size} card` : gpu.name} found. ${ends} on it`;
}

/** Why the hub could not be asked about any of the picks; null if it answered for one of them. */
export const sharedProblem = ({ picks }: ModelPicks): ErrorBody | null =>
  picks.every(({ problem }) => problem !== null) ? (picks[0]?.problem ?? null) : null;

/** "8.00 GiB of VRAM, 0.84 GiB used by others, 32.00 GiB of RAM." */
export function computerWords({ gpu, system }: ModelPicks): string {
  const ram = `${formatGib(system.totalBytes)} of RAM, ${formatGib(system.availableBytes)} of it available`;
  if (gpu === null) return `${ram}.`;
  return `${formatGib(gpu.totalBytes)} of VRAM, ${othersInWords(gpu)}. ${ram}.`;
}

export const labelWords = {
  fastest: "Fastest",
  balanced: "Balanced · our pick",
  "most-capable": "Most capable",
} as const satisfies Record<ModelPickAnswer["label"], string>;

/** Anything that has a plan. */
interface Planned {
  readonly plan: BadgePlan;
}

const about = ({ plan }: Planned): string => (plan.isEstimate ? "about " : "");

export function layerWords(planned: Planned): string {
  const { kind, gpuLayers, totalLayers } = planned.plan;
  const count = gpuLayers === totalLayers ? `all ${totalLayers}` : `${about(planned)}${gpuLayers} of ${totalLayers}`;
  if (kind === "cpu-only") return `all ${totalLayers} on the CPU`;
  return `${count} on the GPU${expertsInWords(planned.plan)}`;
}

export function speedWords({ plan: { speed } }: Planned): string {
  if (speed === null) return "not known for this card";
  const words = formatSpeed(speed.decodeEmpty);
  return speed.basis === "measured" ? words : `${words}, not measured here`;
}

export function contextWords(pick: ModelPickAnswer, contextTokens: number): string {
  const { largestContextTokens } = pick;
  if (largestContextTokens === null) return `${formatTokens(contextTokens)} tokens`;
  const words = `up to ${about(pick)}${formatTokens(largestContextTokens)} tokens`;
  return pick.plan.kind === "partial" ? `${words} with these layers` : words;
}

/** Which files of the list the check left out, and why the first of them; "" where it left out none. */
export function missingWords({ missing }: ModelPicks): string {
  const [first] = missing;
  if (first === undefined) return "";
  const names = missing.map(({ name, quantization }) => `${name} ${quantization}`).join(", ");
  return ` Left out: ${names}. ${first.problem.message}`;
}
