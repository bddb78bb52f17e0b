import Link from "next/link";
import { kindWords } from "@/components/models/engines/engine-kind-words";
import { buttonClass } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import type { AnsweringEngine, EngineLoad } from "@/lib/schema/engines/answering-engine";
import { LLAMA_SERVER_ID } from "@/lib/schema/engines/other-engine";
import { formatBytes } from "@/lib/units/bytes";
import { formatRate, formatTokens } from "@/lib/units/tokens";

/** Only what the server told. */
function loadLines(load: EngineLoad): readonly (readonly [string, string])[] {
  const { running, waiting, slots, promptTokensPerSecond, tokensPerSecond, vramBytes } = load;
  const percent = (fraction: number | null) => fraction !== null && `${(fraction * 100).toFixed(0)} %`;
  const lines = [
    ["Answering", running !== null && (slots === null ? String(running) : `${running} of ${slots}`)],
    ["Waiting", waiting !== null && String(waiting)],
    ["KV cache filled", percent(load.kvUsedFraction)],
    ["Fullest slot filled", percent(load.fullestSlotFraction)],
    ["Writes", tokensPerSecond !== null && `${formatRate(tokensPerSecond)} tokens/s`],
    ["Reads", promptTokensPerSecond !== null && `${formatRate(promptTokensPerSecond)} tokens/s`],
    ["Memory of its cards", vramBytes !== null && formatBytes(vramBytes)],
  ] as const;
  return lines.flatMap(([name, value]) => (value === false ? [] : [[name, value] as const]));
}

/** The engine that answers instead of this computer's own: what it tells, and nothing that it does not. */
export default function OtherEngineCard({ engine }: { readonly engine: AnsweringEngine }) {
  const { engineId, engineName, kind, address, model, contextTokens, load } = engine;
  return (
    <Card heading="Another engine answers" aside={kindWords[kind]}>
      <p className="text-sentence tracking-[-0.01em] break-words">
        {model} answers on {engineName}, with {formatTokens(contextTokens)} tokens of context.
      </p>
      {load === null ? (
        <p className="mt-1 text-ink-2">It does not report its memory or its load.</p>
      ) : (
        <dl className="mt-2 flex flex-wrap gap-x-6 gap-y-1">
          {loadLines(load).map(([name, value]) => (
            <div key={name}>
              <dt className="text-ink-3 text-xs">{name}</dt>
              <dd className="tabular-nums">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      <p className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2 text-ink-2 text-sm">
        <span className="min-w-0 break-all">{address}</span>
        <span>
          {engineId === LLAMA_SERVER_ID
            ? "It was started with the plan below."
            : "Below is the plan for this computer, whose own model is unloaded."}
        </span>
        <Link href="/models?tab=engines" prefetch={false} className={buttonClass("plain", "sm")}>
          Engines
        </Link>
      </p>
    </Card>
  );
}
