import type { ModelLayers } from "@/lib/schema/models/model-details";

type Layer = ModelLayers["perLayer"][number];

/** Neighbours that cost the same. */
export interface LayerGroup {
  readonly first: Layer;
  readonly last: Layer;
  readonly count: number;
}

const isAlike = (one: Layer, other: Layer): boolean =>
  one.role === other.role &&
  one.kind === other.kind &&
  one.device === other.device &&
  one.weightsBytes === other.weightsBytes &&
  one.kvBytes === other.kvBytes &&
  one.expertBytesInRam === other.expertBytesInRam;

/** Layers in order, with neighbours that cost the same taken together. */
export function groupLayers(layers: readonly Layer[]): LayerGroup[] {
  const groups: LayerGroup[] = [];
  for (const layer of layers) {
    const before = groups.at(-1);
    if (before !== undefined && isAlike(before.last, layer))
      groups[groups.length - 1] = { first: before.first, last: layer, count: before.count + 1 };
    else groups.push({ first: layer, last: layer, count: 1 });
  }
  return groups;
}
