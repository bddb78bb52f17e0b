"use client";
import { Button } from "@/components/ui/button";
import { classNames } from "@/components/ui/class-names";
import { showFailure } from "@/components/ui/toast/show-failure";
import { chooseOverflow, continueReply } from "@/lib/client/chat/chat-actions";
import { missingTokens } from "@/lib/client/chat/chat-context-use";
import { useSession } from "@/lib/client/chat/chat-session";
import { useSettings } from "@/lib/client/planning/settings-store";
import type { ChatMessage, ContextUse, Overflow } from "@/lib/schema/chat";
import { formatTokens } from "@/lib/units/tokens";
import { EnlargeChoice } from "./enlarge-choice";
import { OverflowChoice } from "./overflow-choice";

interface OverflowBoxProps {
  /** null: it fits by now, or nothing can be said before a model is loaded. */
  readonly use: ContextUse | null;
  /** The refused answer that waits for a choice; null while nothing has been sent. */
  readonly reply: ChatMessage | null;
}

const answer = (reply: ChatMessage | null) =>
  reply === null ? Promise.resolve() : continueReply(reply).catch(showFailure("The answer was not made"));

/** One box for an overflow: how much does not fit, and each possible solution with its cost. */
export default function OverflowBox({ use, reply }: OverflowBoxProps) {
  const rule = useSession(session => session.chat.overflow);
  const chosen = useSession(session => session.nextOverflow);
  const isApplying = useSettings(state => state.applying);
  // The chosen action is in progress; the banner shows how far it is.
  if (isApplying) return null;
  if (use === null) return <NowItFits onAnswer={() => void answer(reply)} />;
  const planned = use.draftTooLong || reply !== null ? "ask" : (chosen ?? rule);
  const canLeaveOut = !use.draftTooLong && planned === "ask";
  const choose = (overflow: Exclude<Overflow, "ask">) => () => {
    chooseOverflow(overflow);
    void answer(reply);
  };
  return (
    <div
      role="status"
      className={classNames(
        "flex max-h-[45dvh] flex-col gap-3 overflow-y-auto rounded-card px-3.5 py-3 text-sm",
        planned === "ask" ? "bg-bad-soft" : "bg-warn-soft",
      )}
    >
      {planned === "ask" ? <TooMuch use={use} isWaiting={reply !== null} /> : <Planned use={use} overflow={planned} />}
      <ul aria-label="Ways to make it fit" className="flex flex-col gap-2.5">
        {canLeaveOut && (
          <>
            <OverflowChoice label={leaveOutWords(use)} onChoose={choose("drop")}>
              {leaveOutCost(use)}
            </OverflowChoice>
            <OverflowChoice label={summariseWords(use)} onChoose={choose("summarise")}>
              {summariseCost(use)}
            </OverflowChoice>
          </>
        )}
        <EnlargeChoice neededTokens={use.neededTokens} onEnlarged={() => void answer(reply)} />
      </ul>
    </div>
  );
}

function TooMuch({ use, isWaiting }: { readonly use: ContextUse; readonly isWaiting: boolean }) {
  const what = use.draftTooLong ? "This message alone" : isWaiting ? "The answer" : "The next answer";
  return (
    <p>
      <strong className="font-semibold text-bad">{formatTokens(missingTokens(use))} tokens too many.</strong> {what}{" "}
      needs {formatTokens(use.neededTokens)} tokens with room for a reply, and the context holds{" "}
      {formatTokens(use.contextTokens)}.
    </p>
  );
}

/** The chat's own rule, or the choice just made, which can be undone. */
function Planned({ use, overflow }: { readonly use: ContextUse; readonly overflow: Exclude<Overflow, "ask"> }) {
  const chosen = useSession(session => session.nextOverflow);
  const count = use.overflowingMessages === 1 ? "message" : `${use.overflowingMessages} messages`;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 text-warn">
      <p className="min-w-0 flex-1 basis-60">
        {overflow === "drop"
          ? `The oldest ${count} will be left out of the next answer.`
          : `The oldest ${count} will be summarised before the next answer.`}
      </p>
      {chosen !== null && (
        <Button size="sm" onClick={() => chooseOverflow(null)}>
          Choose again
        </Button>
      )}
    </div>
  );
}

function NowItFits({ onAnswer }: { readonly onAnswer: () => void }) {
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-card bg-accent-soft px-3.5 py-2.5 text-sm"
    >
      <p className="min-w-0 flex-1 basis-60">Your message was not answered: it did not fit the context.</p>
      <Button size="sm" onClick={onAnswer}>
        Answer it now
      </Button>
    </div>
  );
}

const oldest = ({ overflowingMessages }: ContextUse): string =>
  overflowingMessages === 1 ? "the oldest message" : `the oldest ${overflowingMessages} messages`;

const leaveOutWords = (use: ContextUse): string => `Leave out ${oldest(use)}`;

const summariseWords = (use: ContextUse): string => `Summarise ${oldest(use)}`;

const leaveOutCost = ({ overflowingTokens }: ContextUse): string =>
  `The model no longer sees ${formatTokens(overflowingTokens)} tokens of the chat, and reads the rest again.`;

const summariseCost = ({ overflowingTokens, summaryTokens }: ContextUse): string =>
  `Reads ${formatTokens(overflowingTokens)} tokens and writes up to ${formatTokens(summaryTokens)} before it answers; details are lost.`;
