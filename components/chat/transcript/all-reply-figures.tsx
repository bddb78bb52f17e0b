"use client";
import type { ReplyStats } from "@/lib/schema/chat";
import { formatDuration } from "@/lib/units/durations";
import { formatRate, formatTokens } from "@/lib/units/tokens";
import { CopyAction } from "./copy-action";

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
            `${formatDuration(stats.timeToFirstTokenMs)} (prompt at ${formatRate(stats.prefillTokensPerSecond)} tokens/s)`,
          ] as const,
        ]),
    ["Whole answer", formatDuration(stats.totalMs)],
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

/** Each figure of an answer in a line of its own. */
export default function AllReplyFigures({ stats }: { readonly stats: ReplyStats }) {
  const lines = statsLines(stats);
  return (
    <div className="flex w-full items-start gap-2 rounded-control border border-line bg-surface px-3 py-2">
      <dl className="grid flex-1 grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 text-sm">
        {lines.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-3">{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <CopyAction label="Copy figures" text={() => lines.map(([name, value]) => `${name}: ${value}`).join("\n")} />
    </div>
  );
}
