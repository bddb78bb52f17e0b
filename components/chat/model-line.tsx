"use client";
import { layersWords } from "@/components/header/engine-words";
import { Swatch } from "@/components/vram/swatch";
import { useEngine } from "@/lib/client/live-store";
import { formatBytes } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

/** Who answers here and with what: the model, where its layers are, how much it can see at once. */
export function ModelLine() {
  const engine = useEngine();
  if (engine === null) return <p className="min-h-5" />;
  const layers = layersWords(engine);
  if (engine.config === null || layers === null)
    return <p className="min-h-5 text-ink-3 text-sm">The model loads with your first message.</p>;
  const { held } = engine;
  const place = layers.rest === "" ? "on the CPU" : `${layers.count} ${layers.rest}`;
  return (
    <div className="flex min-h-5 flex-wrap items-center gap-x-3 gap-y-1 text-ink-2 text-sm">
      <span className="font-semibold text-ink">{engine.modelName?.replace(/\.gguf$/i, "")}</span>
      <span>{place}</span>
      <span>{formatTokens(engine.config.contextTokens)} tokens of context</span>
      {held !== null && held.totalBytes > 0 && (
        <>
          <MemoryPart fill="var(--weights)" words={`weights ${formatBytes(held.weightsBytes)}`} />
          <MemoryPart fill="var(--kv)" words={`KV cache ${formatBytes(held.kvBytes)}`} />
        </>
      )}
    </div>
  );
}

/** In the dashboard's colours: what the model holds of the card. */
function MemoryPart({ fill, words }: { readonly fill: string; readonly words: string }) {
  return (
    <span className="inline-flex items-center gap-1.5 max-sm:hidden">
      <Swatch fill={fill} />
      {words}
    </span>
  );
}
