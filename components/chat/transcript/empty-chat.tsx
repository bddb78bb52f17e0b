"use client";
import { EyeOff } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { focusComposer } from "@/components/chat/composer/composer-field";
import { showFailure } from "@/components/ui/toast/show-failure";
import { sendMessage } from "@/lib/client/chat/chat-actions";
import { useChatList } from "@/lib/client/chat/chat-list";
import { isUsable, useSession } from "@/lib/client/chat/chat-session";
import { useEngine } from "@/lib/client/live-store";

const ModelLine = lazy(() => import("./model-line"));

/** A chat without messages. */
export function EmptyChat() {
  const isTemporary = useSession(session => session.chat.temporary);
  const hasModel = useEngine()?.error?.code !== "MODEL_NOT_FOUND";
  return (
    <div className="min-h-0 flex-1 overflow-y-auto p-4">
      {/* Content that arrives later takes the free upper half, so that nothing moves. */}
      <div className="mx-auto grid min-h-full w-full max-w-[744px] grid-rows-[1fr_auto_1fr] gap-5">
        <div className="flex flex-col justify-end">
          {isTemporary ? (
            <p className="flex items-center gap-2 text-ink-2">
              <EyeOff aria-hidden size={16} className="shrink-0" />
              Temporary chat: nothing of it is written to the disk, and it is gone when you leave this page.
            </p>
          ) : (
            <Welcome />
          )}
        </div>
        <div className="flex flex-col gap-5">
          <div className="flex flex-col gap-1.5">
            <p className="text-balance font-semibold text-sentence tracking-[-0.01em]">
              What would you like to talk about?
            </p>
            <Suspense fallback={<p className="min-h-5" />}>
              <ModelLine />
            </Suspense>
          </div>
          {hasModel && <Starters />}
        </div>
      </div>
    </div>
  );
}

const starters = [
  "Explain how a rainbow forms, in three sentences.",
  "Write a short thank-you note to a neighbour.",
  "Give me five names for a small bakery.",
  "Write a Python function that reverses a string.",
] as const;

/** Suggestions for a first message; small models can do these. */
function Starters() {
  const isReady = useSession(isUsable);
  return (
    <ul className="grid gap-2 sm:grid-cols-2">
      {starters.map(text => (
        <li key={text}>
          <button
            type="button"
            disabled={!isReady}
            onClick={() => sendMessage(text, []).catch(showFailure("The message was not sent"))}
            className="flex h-full w-full items-start rounded-card border border-line bg-surface px-3.5 py-2.5 text-left text-ink-2 hover:border-line-strong hover:text-ink"
          >
            {text}
          </button>
        </li>
      ))}
    </ul>
  );
}

const SEEN_KEY = "headroom.welcome-seen";
const WelcomeCard = lazy(() => import("./welcome-card"));

/** Before the first chat. Its room is kept from the start, because its content comes later and must not move what is below. */
function Welcome() {
  const chats = useChatList(state => state.data?.chats.length);
  const [isUnseen, setUnseen] = useState(false);
  useEffect(() => setUnseen(localStorage.getItem(SEEN_KEY) === null), []);
  const close = useCallback(() => {
    localStorage.setItem(SEEN_KEY, "1");
    setUnseen(false);
    focusComposer();
  }, []);
  if (!isUnseen || (chats !== undefined && chats > 0)) return null;
  return (
    <div className="min-h-100">
      {chats === 0 && (
        <Suspense>
          <WelcomeCard onClose={close} />
        </Suspense>
      )}
    </div>
  );
}
