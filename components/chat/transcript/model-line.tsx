"use client";
import { layersWords } from "@/components/header/engine-words";
import { Swatch } from "@/components/vram/swatch";
import { useEngine } from "@/lib/client/live-store";
import { shortModelName } from "@/lib/schema/models/model-source";
import { formatBytes } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

/** Uses the dashboard's words and colours. */
const heldParts = [
  { key: "weightsBytes", name: "weights", fill: "var(--weights)" },
  { key: "kvBytes", name: "KV cache", fill: "var(--kv)" },
  { key: "computeBytes", name: "compute", fill: "var(--compute)" },
  { key: "overheadBytes", name: "overhead", fill: "var(--overhead)" },
] as const;

/** Shows who answers here: the model, where its layers are, and how much it can see at once. */
export default function ModelLine() {
  const engine = useEngine();
  if (engine === null) return <p className="min-h-5" />;
  if (engine.other) {
    const { model, engineName, contextTokens } = engine.other;
    return (
      <p className="flex flex-wrap gap-x-3 text-ink-2 text-sm">
        <strong className="font-semibold text-ink">{model}</strong>
        <span>on {engineName}</span>
        <span>{formatTokens(contextTokens)} tokens of context</span>
      </p>
    );
  }
  const layers = layersWords(engine);
  if (engine.config === null || layers === null)
    return (
      <p className="min-h-5 text-ink-3 text-sm">
        {engine.error?.code === "MODEL_NOT_FOUND"
          ? "A model is needed first."
          : engine.state === "loading"
            ? "The model is being loaded."
            : "The model loads with your first message."}
      </p>
    );
  const { held } = engine;
  const place = layers.rest === "" ? "on the CPU" : `${layers.count} ${layers.rest}`;
  return (
    <div className="flex flex-col gap-1 text-ink-2 text-sm">
      <p className="flex flex-wrap gap-x-3">
        <strong className="font-semibold text-ink">{shortModelName(engine.modelName ?? "")}</strong>
        <span>{place}</span>
        <span>{formatTokens(engine.config.contextTokens)} tokens of context</span>
      </p>
      {held !== null && held.totalBytes > 0 && (
        <ul aria-label="Memory of the card that it holds" className="flex flex-wrap gap-x-3">
          {heldParts.map(({ key, name, fill }) => (
            <li key={key} className="inline-flex items-center gap-1.5">
              <Swatch fill={fill} />
              {name} {formatBytes(held[key])}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
