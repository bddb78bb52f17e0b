"use client";
import { lazy, Suspense, useEffect, useState } from "react";
import { useAfterPaint } from "@/components/ui/use-after-paint";
import { setTemporary, stopAnswer } from "@/lib/client/chat-actions";
import { goToChat } from "@/lib/client/chat-location";
import { sessionStore } from "@/lib/client/chat-session";
import { COMPOSER_ID } from "./composer-field";
import { preloadMarkdown } from "./markdown";
import { showFailure } from "./show-failure";

const loadPalette = () => import("./palette");
const Palette = lazy(loadPalette);
const ShortcutList = lazy(() => import("./shortcut-list"));

type Overlay = "palette" | "shortcuts" | null;

/** What is typed right after Ctrl+K must already find the palette there. */
function preload(): void {
  preloadMarkdown();
  void loadPalette();
}

const focusComposer = () => document.getElementById(COMPOSER_ID)?.focus();

function newChat(temporary: boolean): void {
  void goToChat(null);
  setTemporary(temporary);
  focusComposer();
}

/** What a key does, or null when it is not one of ours. */
function actionOf(event: KeyboardEvent, show: (overlay: Overlay) => void): (() => void) | null {
  const isTyping =
    event.target instanceof HTMLElement && event.target.closest("input, textarea, [role=dialog]") !== null;
  if (event.key === "Escape" && !isTyping && sessionStore.get().answering) {
    return () => stopAnswer().catch(showFailure("The answer was not stopped"));
  }
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) return focusComposer;
  if (!(event.ctrlKey || event.metaKey)) return null;
  if (event.key.toLowerCase() === "k") return () => show("palette");
  if (event.key === "/") return () => show("shortcuts");
  if (event.shiftKey && event.key.toLowerCase() === "o") return () => newChat(event.altKey);
  return null;
}

/** The keyboard, and what it opens. */
export function ChatShortcuts() {
  const [overlay, setOverlay] = useState<Overlay>(null);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const action = actionOf(event, setOverlay);
      if (action === null) return;
      event.preventDefault();
      action();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  useAfterPaint(preload);
  const close = () => setOverlay(null);
  return (
    <Suspense>
      {overlay === "palette" && <Palette onClose={close} onShowShortcuts={() => setOverlay("shortcuts")} />}
      {overlay === "shortcuts" && <ShortcutList onClose={close} />}
    </Suspense>
  );
}
