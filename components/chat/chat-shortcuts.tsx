"use client";
import { useEffect } from "react";
import { showFailure } from "@/components/ui/toast/show-failure";
import { useAfterPaint } from "@/components/ui/use-after-paint";
import { setTemporary, stopAnswering } from "@/lib/client/chat/chat-actions";
import { goToChat } from "@/lib/client/chat/chat-location";
import { sessionStore } from "@/lib/client/chat/chat-session";
import { isComposing } from "@/lib/client/is-composing";
import { focusComposer } from "./composer/composer-field";
import { preloadMarkdown } from "./markdown/markdown";

function newChat(temporary: boolean): void {
  void goToChat(null);
  setTemporary(temporary);
  focusComposer();
}

/** The action of a key; null when it is not one of ours. */
function actionOf(event: KeyboardEvent): (() => void) | null {
  if (isComposing(event)) return null;
  const isTyping =
    event.target instanceof HTMLElement && event.target.closest("input, textarea, [role=dialog]") !== null;
  if (event.key === "Escape" && !isTyping && sessionStore.get().answering) {
    return () => stopAnswering().catch(showFailure("The answer was not stopped"));
  }
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) return focusComposer;
  if (!(event.ctrlKey || event.metaKey)) return null;
  if (event.shiftKey && event.key.toLowerCase() === "o") return () => newChat(event.altKey);
  return null;
}

/** The keys of the chat screen. Keys that work on every screen belong to the palette. */
export function ChatShortcuts() {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const action = actionOf(event);
      if (action === null) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  useAfterPaint(preloadMarkdown);
  return null;
}
