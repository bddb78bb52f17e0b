"use client";
import { Button } from "@/components/ui/button";
import { patchOpenChat } from "@/lib/client/chat-actions";
import { usedTokens } from "@/lib/client/chat-context-use";
import { useSession } from "@/lib/client/chat-session";
import type { ContextUse, Overflow } from "@/lib/schema/chat";
import { formatTokens } from "@/lib/units/tokens";
import { EnlargeContext } from "./enlarge-context";
import { showFailure } from "./show-failure";

const plannedWords: Record<Exclude<Overflow, "ask">, (count: number) => string> = {
  drop: count => `The oldest ${count} messages will be left out of the next answer.`,
  summarise: count => `The oldest ${count} messages will be summarised before the next answer.`,
};

/** What will happen before it happens: the next answer does not fit. */
export function ContextWarning({ use }: { readonly use: ContextUse | null }) {
  const overflow = useSession(session => session.chat.overflow);
  if (use === null || (use.overflowingMessages === 0 && !use.draftTooLong)) return null;
  const needed = usedTokens(use) + use.replyReserveTokens;
  const counts = `${formatTokens(needed)} tokens with room for a reply, and the context holds ${formatTokens(use.contextTokens)}`;
  const choose = (value: Overflow) => () =>
    void patchOpenChat({ overflow: value }).catch(showFailure("The choice was not saved"));
  return (
    <div role="status" className="flex flex-col gap-2 rounded-card bg-warn-soft px-3.5 py-2.5 text-sm text-warn">
      <p>
        {use.draftTooLong
          ? `This message alone is too long: it needs ${counts}.`
          : overflow === "ask"
            ? `The next answer will not fit: it needs ${counts}.`
            : plannedWords[overflow](use.overflowingMessages)}
      </p>
      <div className="flex flex-wrap gap-2">
        {!use.draftTooLong && overflow === "ask" && (
          <>
            <Button size="sm" onClick={choose("drop")}>
              Drop the oldest {use.overflowingMessages} messages
            </Button>
            <Button size="sm" onClick={choose("summarise")}>
              Summarise them
            </Button>
          </>
        )}
        <EnlargeContext neededTokens={needed} />
      </div>
    </div>
  );
}
