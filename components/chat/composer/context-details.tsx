"use client";
import { Choice } from "@/components/ui/choice";
import { showFailure } from "@/components/ui/toast/show-failure";
import { patchOpenChat } from "@/lib/client/chat/chat-actions";
import { missingTokens, usedKvBytes, usedTokens } from "@/lib/client/chat/chat-context-use";
import { useSession } from "@/lib/client/chat/chat-session";
import type { ContextUse, Overflow } from "@/lib/schema/chat";
import { formatBytes } from "@/lib/units/bytes";
import { formatTokens } from "@/lib/units/tokens";

const overflowOptions = [
  { value: "ask", label: "Ask me" },
  { value: "drop", label: "Drop oldest" },
  { value: "summarise", label: "Summarise" },
] as const satisfies readonly { value: Overflow; label: string }[];

/** Says in words how this chat's tokens are distributed. */
export default function ContextDetails({ use }: { readonly use: ContextUse }) {
  const overflow = useSession(session => session.chat.overflow);
  const free = use.contextTokens - usedTokens(use) - use.replyReserveTokens;
  const missing = missingTokens(use);
  const rows = [
    ["System prompt and template", use.systemTokens],
    ["Conversation", use.historyTokens],
    ["Your draft", use.draftTokens],
    ["Kept for the reply", use.replyReserveTokens],
    ...(missing > 0 ? [] : [["Free", Math.max(0, free)] as const]),
  ] as const;
  const change = (value: Overflow) => patchOpenChat({ overflow: value }).catch(showFailure("The choice was not saved"));
  return (
    <div className="order-last mt-1 ml-2 flex w-full flex-wrap gap-x-8 gap-y-3 border-line border-t pt-3 text-sm">
      <dl className="grid grid-cols-[auto_auto] gap-x-4">
        {missing > 0 && (
          <div className="contents font-semibold text-bad">
            <dt>Too many</dt>
            <dd className="text-right">{formatTokens(missing)}</dd>
          </div>
        )}
        {rows.map(([name, tokens]) => (
          <div key={name} className="contents">
            <dt className="text-ink-3">{name}</dt>
            <dd className="text-right">{formatTokens(tokens)}</dd>
          </div>
        ))}
      </dl>
      <div className="flex flex-col gap-1.5">
        <KvUse use={use} />
        <p className="text-ink-3">When the context is full</p>
        <Choice label="When the context is full" value={overflow} options={overflowOptions} onChange={change} />
      </div>
    </div>
  );
}

/** Tokens beyond the cache cannot fill it. */
function KvUse({ use }: { readonly use: ContextUse }) {
  const kvBytes = usedKvBytes(use);
  if (kvBytes === null || use.kvBytes === null) return null;
  return kvBytes > use.kvBytes ? (
    <p className="text-bad">
      The KV cache holds {formatBytes(use.kvBytes)}; this conversation would need {formatBytes(kvBytes)}.
    </p>
  ) : (
    <p className="text-ink-2">
      This conversation fills {formatBytes(kvBytes)} of the {formatBytes(use.kvBytes)} KV cache.
    </p>
  );
}
