"use client";
import { SlidersHorizontal } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button } from "@/components/ui/button";
import { presetOf } from "@/lib/client/chat/chat-presets";
import { useSession } from "@/lib/client/chat/chat-session";

const ChatOptions = lazy(() => import("./chat-options"));

/** Shows what is special about this chat, and opens the options. */
export function ChatOptionsButton() {
  const sampling = useSession(session => session.chat.sampling);
  const hasPrompt = useSession(session => Boolean(session.chat.systemPrompt));
  const [isOpen, setOpen] = useState(false);
  const preset = presetOf(sampling);
  const label = preset?.id === "settings" ? "Options" : (preset?.label ?? "Own values");
  return (
    <>
      <Button look="quiet" size="sm" aria-label={`Chat options: ${label}`} onClick={() => setOpen(true)}>
        <SlidersHorizontal aria-hidden size={14} />
        <span className="sr-only @lg:not-sr-only">
          {label}
          {hasPrompt && " · own system prompt"}
        </span>
      </Button>
      {isOpen && (
        <Suspense>
          <ChatOptions onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
