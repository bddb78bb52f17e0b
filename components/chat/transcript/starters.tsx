"use client";
import { showFailure } from "@/components/ui/show-failure";
import { sendMessage } from "@/lib/client/chat-actions";
import { isUsable, useSession } from "@/lib/client/chat-session";

const starters = [
  "Explain how a rainbow forms, in three sentences.",
  "Write a short thank-you note to a neighbour.",
  "Give me five names for a small bakery.",
  "Write a Python function that reverses a string.",
] as const;

/** Suggestions for a first message; small models can do these. */
export function Starters() {
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
