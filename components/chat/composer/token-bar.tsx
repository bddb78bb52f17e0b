import { useId } from "react";
import { missingTokens } from "@/lib/client/chat/chat-context-use";
import type { ContextUse } from "@/lib/schema/chat";

/** The context is KV cache, so it has the same colour here. Drawn in SVG, because width attributes pass a policy that forbids inline styles. */
export function TokenBar({ use }: { readonly use: ContextUse }) {
  return missingTokens(use) > 0 ? <OverfullBar use={use} /> : <FittingBar use={use} />;
}

const barClass = "block h-2 w-full overflow-hidden rounded-full bg-sunken shadow-[inset_0_0_0_1px_var(--line)]";

function FittingBar({ use }: { readonly use: ContextUse }) {
  const hatchId = useId();
  const percent = (tokens: number) => `${(Math.min(tokens, use.contextTokens) / use.contextTokens) * 100}%`;
  const { systemTokens, historyTokens, draftTokens, replyReserveTokens } = use;
  const used = systemTokens + historyTokens + draftTokens;
  return (
    <svg aria-hidden="true" className={barClass}>
      <defs>
        <pattern id={hatchId} width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="1.5" height="4" fill="var(--ink-3)" />
        </pattern>
      </defs>
      <rect width={percent(systemTokens)} height="100%" fill="var(--ink-3)" />
      <rect x={percent(systemTokens)} width={percent(historyTokens)} height="100%" fill="var(--kv)" />
      <rect
        x={percent(systemTokens + historyTokens)}
        width={percent(draftTokens)}
        height="100%"
        fill="var(--kv)"
        opacity="0.5"
      />
      <rect x={percent(used)} width={percent(replyReserveTokens)} height="100%" fill={`url(#${hatchId})`} />
    </svg>
  );
}

/** Everything that is needed, including the reply's room: the context ends at the gap, and the red part lies beyond it. */
function OverfullBar({ use }: { readonly use: ContextUse }) {
  const end = `${(use.contextTokens / use.neededTokens) * 100}%`;
  return (
    <svg aria-hidden="true" className={barClass}>
      <rect width="100%" height="100%" fill="var(--bad)" />
      <rect width={end} height="100%" fill="var(--kv)" />
      <rect x={end} width="2" height="100%" fill="var(--surface)" />
    </svg>
  );
}
