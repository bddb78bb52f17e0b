import type { GpuMemory } from "@/lib/schema/plans/gpu-memory";
import { borderOf } from "@/lib/schema/plans/load-config";
import { formatGib } from "@/lib/units/bytes";
import type { PlannedCard } from "../cards/layer-plan";
import { type ExpertPlacement, wholeBlocksInRam } from "../memory/expert-placement";
import type { Placement } from "../memory/memory-need";

interface PlacedLayers extends Placement {
  readonly totalLayers: number;
}

/** "all 33 layers", "21 of 33 layers" */
export const layersInWords = ({ gpuLayers, totalLayers }: PlacedLayers): string =>
  gpuLayers === totalLayers ? `all ${totalLayers} layers` : `${gpuLayers} of ${totalLayers} layers`;

/** "31 layers, experts of 20 blocks in RAM, split 20 + 11", to name a dry run. */
export const placementInWords = ({
  gpuLayers,
  tensorSplit,
  kvInRam,
  borderExpertsOnGpu,
  ...experts
}: Placement): string =>
  [
    `${gpuLayers} layers${expertsInWords(experts)}`,
    // Which part it is tells two dry runs apart.
    ...(borderExpertsOnGpu === undefined ? [] : [borderInWords(borderExpertsOnGpu)]),
    ...(tensorSplit === undefined ? [] : [`split ${tensorSplit.join(" + ")}`]),
    ...(kvInRam ? ["KV cache in RAM"] : []),
  ].join(", ");

/** "of block 47 gate+up on the GPU" */
function borderInWords(text: string): string {
  const { block, matrices, isOnly } = borderOf(text);
  return `of block ${block}${isOnly ? " only" : ""} ${matrices.join("+")} on the GPU`;
}

type NamedCard = Pick<PlannedCard, "name" | "position">;

/** "NVIDIA A"; "card 1 (NVIDIA A)" where several have that name; "card 1" where all have, so that it tells nothing. */
export function cardName({ name, position }: NamedCard, cards: readonly NamedCard[]): string {
  const twins = cards.filter(other => other.name === name);
  if (twins.length < 2) return name;
  return twins.length === cards.length ? `card ${position}` : `card ${position} (${name})`;
}

/** ": 20 on NVIDIA A, 13 on NVIDIA B", or " on NVIDIA A" for one of several; nothing where there is only one card. */
export function cardsInWords(cards: readonly (NamedCard & Pick<PlannedCard, "layers">)[]): string {
  const used = cards.filter(({ layers }) => layers > 0);
  const [only] = used;
  if (only === undefined || cards.length < 2) return "";
  if (used.length === 1) return ` on ${cardName(only, cards)}`;
  return `: ${used.map(card => `${card.layers} on ${cardName(card, cards)}`).join(", ")}`;
}

/**
 * ", experts of 29 blocks in RAM" or ", experts of 28 blocks and part of one more in RAM", to follow the layers; nothing where no experts
 * are apart.
 */
export function expertsInWords({ expertBlocksInRam = 0, borderExpertsOnGpu }: ExpertPlacement): string {
  if (expertBlocksInRam === 0) return "";
  const whole = wholeBlocksInRam({ expertBlocksInRam, borderExpertsOnGpu });
  if (whole === 0) return ", part of the experts of 1 block in RAM";
  const part = whole < expertBlocksInRam ? " and part of one more" : "";
  return `, experts of ${whole} ${whole === 1 ? "block" : "blocks"}${part} in RAM`;
}

/** "0.84 GiB used by others", "nothing used by others" */
export function othersInWords({ usedByOthersBytes }: Pick<GpuMemory, "usedByOthersBytes">): string {
  const used = formatGib(usedByOthersBytes);
  return `${used === formatGib(0) ? "nothing" : used} used by others`;
}
