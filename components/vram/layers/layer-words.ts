import type { PlannedLayer } from "@/lib/plan/cards/layer-plan";
import type { LayerKind } from "@/lib/schema/plans/memory-surface";
import { formatMib } from "@/lib/units/bytes";

const kindWords: Record<LayerKind, string> = {
  attention: "attention",
  "sliding-window": "sliding-window attention",
  recurrent: "recurrent",
  "feed-forward": "feed-forward only",
  output: "output",
  embedding: "token embedding",
};

/** "emb", "out" or the block's number: short enough for a cell. */
export function layerShortName(layer: PlannedLayer): string {
  if (layer.role === "embedding") return "emb";
  return layer.role === "output" ? "out" : String(layer.index);
}

function layerName(layer: PlannedLayer): string {
  if (layer.role === "embedding") return "Token embedding";
  return layer.role === "output" ? "Output layer" : `Layer ${layer.index}`;
}

/** "Layer 12, on the GPU: attention, weights 117.0 MiB, KV cache 128.0 MiB"; with several cards it names the one. */
export function layerInWords(layer: PlannedLayer, cardName?: string): string {
  const place = layer.device === "cpu" ? "in system memory" : cardName === undefined ? "on the GPU" : `on ${cardName}`;
  const facts = [
    ...(layer.role === "block" ? [kindWords[layer.kind]] : []),
    ...(layer.experts > 0 ? [`${layer.experts} experts`] : []),
    `weights ${formatMib(layer.weightsBytes)}`,
    ...(layer.expertBytesInRam > 0
      ? [`of these ${formatMib(layer.expertBytesInRam)} of experts in system memory`]
      : []),
    ...(layer.kvBytes > 0 ? [`${layer.kind === "recurrent" ? "state" : "KV cache"} ${formatMib(layer.kvBytes)}`] : []),
  ];
  return `${layerName(layer)}, ${place}: ${facts.join(", ")}`;
}
