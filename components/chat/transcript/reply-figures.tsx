"use client";
import { useState } from "react";
import type { ReplyStats } from "@/lib/schema/chat";
import { formatRate, formatTokens } from "@/lib/units/tokens";
import { CopyAction } from "./copy-action";

const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;

const generatedInWords = ({ generatedTokens, tokensPerSecond }: ReplyStats): string =>
  tokensPerSecond > 0
    ? `${formatTokens(generatedTokens)} tokens at ${formatRate(tokensPerSecond)} tokens/s`
    : `${formatTokens(generatedTokens)} ${generatedTokens === 1 ? "token" : "tokens"}`;

function statsLines(stats: ReplyStats): readonly (readonly [string, string])[] {
  const { gpuLayers, totalLayers, engineName } = stats;
  return [
    ["Generated", generatedInWords(stats)],
    ["Prompt", `${formatTokens(stats.promptTokens)} tokens, ${formatTokens(stats.cachedTokens)} from the cache`],
    ...(stats.generatedTokens === 0
      ? []
      : [
          [
            "First token",
            `${seconds(stats.timeToFirstTokenMs)} (prompt at ${formatRate(stats.prefillTokensPerSecond)} tokens/s)`,
          ] as const,
        ]),
    ["Whole answer", seconds(stats.totalMs)],
    ["Model", stats.modelName],
    ...(engineName === undefined
      ? ([
          ["Layers", gpuLayers === 0 ? "CPU only" : `${gpuLayers} of ${totalLayers} on GPU`],
          ["Context", `${formatTokens(stats.contextTokens)} tokens, ${stats.kvType} KV cache`],
        ] as const)
      : ([
          ["Engine", engineName],
          ["Context", `${formatTokens(stats.contextTokens)} tokens`],
        ] as const)),
    [
      "Ended by",
      { stop: "the model", length: "the token limit", context: "the full context", cancelled: "you" }[
        stats.finishReason
      ],
    ],
  ];
}

/** "12 tokens/s · first token 0.4 s · 120 tokens". A speed needs two tokens; without any token there is no first one. */
export function statsInWords({ generatedTokens, tokensPerSecond, timeToFirstTokenMs, totalMs }: ReplyStats): string {
  if (generatedTokens === 0) return `ended after ${seconds(totalMs)}, before the first token`;
  const speed = tokensPerSecond > 0 ? [`${formatRate(tokensPerSecond)} tokens/s`] : [];
  const count = `${formatTokens(generatedTokens)} ${generatedTokens === 1 ? "token" : "tokens"}`;
  return [...speed, `first token ${seconds(timeToFirstTokenMs)}`, count].join(" · ");
}

/** One line; a press shows the rest, to read or to copy. */
export function ReplyFigures({ stats }: { readonly stats: ReplyStats }) {
  const [isOpen, setOpen] = useState(false);
  const lines = statsLines(stats);
  return (
    <>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="min-h-7 rounded-control px-1.5 text-ink-3 text-xs hover:bg-sunken hover:text-ink"
      >
        {statsInWords(stats)}
      </button>
      {isOpen && (
        <div className="flex w-full items-start gap-2 rounded-control border border-line bg-surface px-3 py-2">
          <dl className="grid flex-1 grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 text-sm">
            {lines.map(([name, value]) => (
              <div key={name} className="contents">
                <dt className="text-ink-3">{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          <CopyAction label="Copy figures" text={lines.map(([name, value]) => `${name}: ${value}`).join("\n")} />
        </div>
      )}
    </>
  );
}
