"use client";
import { Search } from "lucide-react";
import { lazy, Suspense, useEffect } from "react";
import { useAfterPaint } from "@/components/ui/use-after-paint";
import { PALETTE_FIELD_ID, showOverlay, takeEarlyKey, usePalette } from "@/lib/client/palette-store";

const loadPalette = () => import("./palette");
const Palette = lazy(loadPalette);
const ShortcutList = lazy(() => import("./shortcut-list"));
const preload = () => void loadPalette();

/** Ctrl+K and Ctrl+/ work on every screen. Keys typed before the palette has loaded are kept for it. */
function onKeyDown(event: KeyboardEvent): void {
  const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
  if (isCommand && event.key.toLowerCase() === "k") {
    event.preventDefault();
    showOverlay("palette");
  } else if ((event.ctrlKey || event.metaKey) && event.key === "/") {
    event.preventDefault();
    showOverlay("shortcuts");
  } else takeEarlyKey(event, document.activeElement?.id === PALETTE_FIELD_ID);
}

/** The palette's visible button, and the palette itself. */
export function PaletteButton() {
  const overlay = usePalette(state => state.overlay);
  useEffect(() => {
    document.addEventListener("keydown", onKeyDown, { capture: true });
    return () => document.removeEventListener("keydown", onKeyDown, { capture: true });
  }, []);
  useAfterPaint(preload);
  return (
    <>
      <button
        type="button"
        aria-label="Search chats and commands"
        data-palette-open={overlay === "palette" ? "" : undefined}
        aria-keyshortcuts="Control+K Meta+K"
        title="Search chats and commands (Ctrl or ⌘ + K)"
        onClick={() => showOverlay("palette")}
        className="flex size-8 shrink-0 items-center justify-center gap-2 rounded-control text-ink-2 hover:bg-sunken hover:text-ink xl:w-auto xl:border xl:border-line xl:bg-sunken xl:px-2.5 xl:text-ink-3 xl:text-sm xl:hover:border-line-strong"
      >
        <Search aria-hidden size={16} />
        <span aria-hidden className="hidden xl:inline">
          Search
        </span>
        <kbd aria-hidden className="hidden rounded-cell border border-line bg-surface px-1 font-sans text-xs xl:inline">
          Ctrl K
        </kbd>
      </button>
      <Suspense>
        {overlay === "palette" && <Palette />}
        {overlay === "shortcuts" && <ShortcutList />}
      </Suspense>
    </>
  );
}
